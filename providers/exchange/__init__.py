"""Resource types of Exchange Unified Messaging, one a file."""
