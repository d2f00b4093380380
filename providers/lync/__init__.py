"""Resource types of Lync Server and Skype for Business Server, one a file."""
