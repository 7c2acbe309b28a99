using Microsoft.ML.OnnxRuntime;

namespace Mhc.MLNet.Scoring;

/// <summary>A session that is disposed when its owner is done with it and nobody is inside a call any more.</summary>
/// <param name="session">Owned.</param>
/// <param name="owner">What callers know it by.</param>
/// <param name="runsAtOnce">How many runs share the machine; more of them would only take memory.</param>
internal sealed class SharedSession(InferenceSession session, Type owner, int runsAtOnce) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _slots = new(runsAtOnce);
    private int _users;
    private bool _disposed;

    public int RunsAtOnce => runsAtOnce;

    public Use Enter()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, owner);
            _users++;
        }
        return new Use(this);
    }

    public void Dispose()
    {
        lock (_gate)
        {
            if (_disposed)
                return;
            _disposed = true;
            if (_users > 0)
                return;
        }
        Close();
    }

    private Use EnterAgain()
    {
        lock (_gate)
            _users++;
        return new Use(this);
    }

    private void Leave()
    {
        lock (_gate)
        {
            if (--_users > 0 || !_disposed)
                return;
        }
        Close();
    }

    private void Close()
    {
        session.Dispose();
        _slots.Dispose();
    }

    internal readonly struct Use(SharedSession owner) : IDisposable
    {
        public InferenceSession Session => owner.Session;

        /// <summary>One for each of the <see cref="RunsAtOnce"/>.</summary>
        public SemaphoreSlim Slots => owner._slots;

        /// <summary>For work that may outlast this use. Never refused: a call that is under way may finish.</summary>
        public Use Again() => owner.EnterAgain();

        public void Dispose() => owner.Leave();
    }

    private InferenceSession Session => session;
}
