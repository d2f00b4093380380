"""The real PowerShell behind simulated hosts, and the stub cmdlets that lead from it to the estate."""
