using System.Runtime.InteropServices;

namespace Mhc.Cli;

/// <summary>Ctrl-C and SIGTERM: the first asks for a stop when the work is in order, the second ends the process at once.</summary>
internal sealed class StopSignals : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly PosixSignalRegistration[] _registrations;

    public StopSignals() => _registrations =
        [PosixSignalRegistration.Create(PosixSignal.SIGINT, Handle), PosixSignalRegistration.Create(PosixSignal.SIGTERM, Handle)];

    public CancellationToken Token => _stop.Token;

    /// <summary>The first signal.</summary>
    public PosixSignal? Received { get; private set; }

    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations)
            registration.Dispose();
        _stop.Dispose();
    }

    private void Handle(PosixSignalContext signal)
    {
        if (_stop.IsCancellationRequested)
        {
            Console.CursorVisible = true; // A progress bar hides it.
            return; // What the system does with the signal ends the process.
        }
        signal.Cancel = true;
        Received = signal.Signal;
        _stop.Cancel();
        Console.Error.WriteLine("mhc: finishing this update and saving; once more to end at once, without saving.");
    }
}
