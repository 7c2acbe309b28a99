using Microsoft.ML.OnnxRuntime;

namespace Mhc.MLNet.Scoring;

/// <summary>A session that is disposed when its owner is done with it and nobody is inside a call any more.</summary>
internal sealed class SharedSession(InferenceSession session, Type owner) : IDisposable
{
    private readonly Lock _gate = new();
    private int _users;
    private bool _disposed;

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
        session.Dispose();
    }

    private void Leave()
    {
        lock (_gate)
        {
            if (--_users > 0 || !_disposed)
                return;
        }
        session.Dispose();
    }

    internal readonly struct Use(SharedSession owner) : IDisposable
    {
        public InferenceSession Session => owner.Session;

        public void Dispose() => owner.Leave();
    }

    private InferenceSession Session => session;
}
