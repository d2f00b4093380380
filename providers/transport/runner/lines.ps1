# What goes to standard output: lines with length and check, and the replies that are kept to be sent again.

function Get-ReconcilerCheck([string]$Payload) {
    $hash = $Reconciler.Sha1.ComputeHash($Reconciler.Utf8.GetBytes($Payload))
    [BitConverter]::ToString($hash, 0, 4).Replace('-', '').ToLowerInvariant()
}

# Length, check and payload: how a line tells JSON, in either direction.
function ConvertTo-ReconcilerLine([byte[]]$Bytes) {
    $payload = [Convert]::ToBase64String($Bytes)
    $payload.Length.ToString($Reconciler.Invariant) + ' ' + (Get-ReconcilerCheck $payload) + ' ' + $payload
}

# A long reply is compressed, where the client asked for that and this host can do it.
function New-ReconcilerLine([string]$Json, [string]$Mark) {
    $bytes = $Reconciler.Utf8.GetBytes($Json)
    if ($Reconciler.DeflateFrom -gt 0 -and $Json.Length -ge $Reconciler.DeflateFrom) {
        return $Reconciler.Nonce + ' ' + $Mark + 'DEFLATED ' + (ConvertTo-ReconcilerLine (Compress-ReconcilerBytes $bytes))
    }
    $Reconciler.Nonce + ' ' + $Mark + (ConvertTo-ReconcilerLine $bytes)
}

function Compress-ReconcilerBytes([byte[]]$Bytes) {
    $memory = New-Object IO.MemoryStream
    $deflate = New-Object IO.Compression.DeflateStream $memory, ([IO.Compression.CompressionMode]::Compress), $true
    $deflate.Write($Bytes, 0, $Bytes.Length)
    $deflate.Close()
    , $memory.ToArray()
}

# The least length of a reply that is compressed, as the client asks for it; 0 where this host cannot compress.
function Get-ReconcilerDeflateFrom($Asked) {
    if ($Asked -isnot [int]) {
        return 0
    }
    try {
        [void](Compress-ReconcilerBytes ($Reconciler.Utf8.GetBytes('a')))
        $Asked
    } catch {
        0
    }
}

function Write-ReconcilerLine([string]$Line) {
    [void]$Reconciler.Buffer.Append($Line).Append([char]10)
    if ($Reconciler.Buffer.Length -ge 65536) {
        Clear-ReconcilerBuffer
    }
}

function Clear-ReconcilerBuffer {
    if ($Reconciler.Buffer.Length -gt 0) {
        # A byte order mark, or what a cmdlet wrote to the host and did not end, stands on a line of its own.
        [Console]::Out.Write([char]10)
        [Console]::Out.Write($Reconciler.Buffer.ToString())
        [Console]::Out.Flush()
        $Reconciler.Buffer.Length = 0
    }
    $Reconciler.Flushed = [Diagnostics.Stopwatch]::StartNew()
}

# A reply is one line or several; all of them are kept together, for as long as they are kept.
function Add-ReconcilerReply([string]$Json, [string]$Mark) {
    $line = New-ReconcilerLine $Json $Mark
    $Reconciler.ReplySize += $line.Length
    if ($Reconciler.IsRead -and $Reconciler.ReplySize -gt $Reconciler.ReadSizeMost) {
        $Reconciler.Reply.Clear()
    } else {
        [void]$Reconciler.Reply.Add($line)
    }
    Write-ReconcilerLine $line
}

# A long listing is not kept: reading again is harmless.
function Save-ReconcilerReply([string]$Id) {
    if ($Reconciler.Reply.Count -eq 0) {
        return
    }
    $Reconciler.Stored[$Id] = $Reconciler.Reply.ToArray()
    $Reconciler.Ids.Enqueue(@($Id, $Reconciler.ReplySize))
    $Reconciler.StoredSize += $Reconciler.ReplySize
    while ($Reconciler.Ids.Count -gt $Reconciler.StoredMost -or
        ($Reconciler.StoredSize -gt $Reconciler.StoredSizeMost -and $Reconciler.Ids.Count -gt 1)) {
        $oldest = $Reconciler.Ids.Dequeue()
        [void]$Reconciler.Stored.Remove($oldest[0])
        $Reconciler.StoredSize -= $oldest[1]
    }
}
