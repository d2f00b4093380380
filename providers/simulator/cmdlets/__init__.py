"""What the cmdlets of Exchange, Lync and Windows do, and ExchUCUtil."""
