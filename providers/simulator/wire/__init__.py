"""The WinRM service of every simulated host: connections, messages, shells, and the simulated PowerShell in them."""
