using System.Diagnostics;

namespace Mhc.Training;

/// <summary>Tokens per second and time left, counted over updates alone.</summary>
internal sealed class Speedometer(long tokensPerUpdate)
{
    private const int RecentUpdates = 20;
    private readonly Stopwatch _watch = new();
    private readonly Queue<TimeSpan> _recent = new();
    private TimeSpan _started;
    private int _updates;

    /// <summary>Over the last few updates.</summary>
    public double Recent => _recent.Count == 0 ? 0 : tokensPerUpdate * _recent.Count / _recent.Sum(time => time.TotalSeconds);

    /// <summary>Over all updates.</summary>
    public double Total => _updates == 0 ? 0 : tokensPerUpdate * _updates / _watch.Elapsed.TotalSeconds;

    public void Start()
    {
        _started = _watch.Elapsed;
        _watch.Start();
    }

    public void Stop()
    {
        _watch.Stop();
        _updates++;
        _recent.Enqueue(_watch.Elapsed - _started);
        if (_recent.Count > RecentUpdates)
            _recent.Dequeue();
    }

    public TimeSpan TimeFor(int updates) => _recent.Count == 0
        ? TimeSpan.Zero
        : updates * (_recent.Aggregate(TimeSpan.Zero, (sum, time) => sum + time) / _recent.Count);
}
