"""A simulated estate of Exchange and Lync servers, reached over WS-Management as real ones are.

Each package is built on those below it; ``wire`` and the estate do not know each other.

    serving         the process: puts a wire before an estate
    powershell/     a real PowerShell on every host, with stub cmdlets that ask the estate
    wire/           the WinRM service of every host: connections, messages, shells, the interpreter they start
    estate/         all hosts of a world as one: founded, called, kept
    cmdlets/        what each cmdlet does
    invocation/     what is the same for all: command line, binding, conversion, records, errors and their words
    world/          what there is: the world file, the directory, what hosts hold
    answers         what a call returns: records and warnings, or an error record
"""
