using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Mhc.Training;

/// <summary>
/// The batches of one update after the other, read by a thread of its own while the device computes. They are functions of the seed and the
/// step alone, so a run that goes on at a step gets the batches that it would have got.
/// </summary>
internal sealed class BatchQueue : IDisposable
{
    private const int Ahead = 3;

    private readonly TrainingOptions _options;
    private readonly TokenSequence _tokens;
    private readonly Device _device;
    private readonly BlockingCollection<Slot> _free = [], _filled = [];
    private readonly Slot[] _slots;
    private readonly CancellationTokenSource _stop = new();
    private readonly Thread _thread;
    private ExceptionDispatchInfo? _failure;
    private Slot? _current;

    public BatchQueue(TokenSequence tokens, TrainingOptions options, int blockSize, Device device, int firstStep)
    {
        (_tokens, _options, _device) = (tokens, options, device);
        using (NewDisposeScope())
        {
            // Tensors that are filled again and again: on CUDA of pinned memory, which is copied faster.
            _slots = [.. Enumerable.Range(0, Ahead).Select(_ => new Slot(options, blockSize, pinned: device.type == DeviceType.CUDA))];
        }
        foreach (Slot slot in _slots)
            _free.Add(slot);
        _thread = new Thread(() => Fill(firstStep)) { IsBackground = true, Name = "batches" };
        _thread.Start();
    }

    /// <summary>
    /// (B, T) tokens and (B, T) targets, the token after each, of every micro-batch of the next step. Valid until the next call: by then
    /// the loss must have been read, so that the device has what it copies from here.
    /// </summary>
    public IEnumerable<(Tensor Tokens, Tensor Targets)> Next(int step)
    {
        if (_current is not null)
            _free.Add(_current);
        if (!_filled.TryTake(out _current, Timeout.Infinite))
            _failure!.Throw();
        if (_current!.Step != step)
            throw new InvalidOperationException($"The batches of step {_current.Step} come next, not those of step {step}.");
        return Copies(_current);
    }

    public void Dispose()
    {
        _stop.Cancel();
        _thread.Join();
        foreach (Slot slot in _slots)
            slot.Dispose();
        _free.Dispose();
        _filled.Dispose();
        _stop.Dispose();
    }

    private IEnumerable<(Tensor Tokens, Tensor Targets)> Copies(Slot slot)
    {
        for (int i = 0; i < _options.GradAccum; i++)
            yield return (slot.Inputs[i].to(_device, non_blocking: true), slot.Targets[i].to(_device, non_blocking: true));
    }

    private void Fill(int firstStep)
    {
        try
        {
            for (int step = firstStep; step < _options.MaxIters; step++)
                _filled.Add(_free.Take(_stop.Token).FillFor(step, _tokens));
        }
        catch (OperationCanceledException)
        {
        }
        catch (Exception e)
        {
            _failure = ExceptionDispatchInfo.Capture(e);
        }
        _filled.CompleteAdding();
    }

    /// <summary>The batches of one step: (A, B, T) inputs and targets of its A micro-batches.</summary>
    private sealed class Slot : IDisposable
    {
        private readonly TrainingOptions _options;
        private readonly int _blockSize;

        public Slot(TrainingOptions options, int blockSize, bool pinned)
        {
            (_options, _blockSize) = (options, blockSize);
            (Inputs, Targets) = (New(), New());

            Tensor New()
            {
                Tensor tensor = empty([options.GradAccum, options.BatchSize, blockSize], ScalarType.Int64);
                return (pinned ? tensor.pin_memory() : tensor).DetachFromDisposeScope();
            }
        }

        public Tensor Inputs { get; }

        public Tensor Targets { get; }

        public int Step { get; private set; }

        public Slot FillFor(int step, TokenSequence tokens)
        {
            Step = step;
            // The windows are those of one large batch, so how it is cut into micro-batches changes nothing but the memory that it takes.
            long[] windows = WindowSampler.Random(
                _options.Seed, step, _options.BatchSize * _options.GradAccum, tokens.WindowCount(_blockSize + 1));
            WindowSampler.Fill(tokens, windows,
                MemoryMarshal.Cast<byte, long>(Inputs.bytes), MemoryMarshal.Cast<byte, long>(Targets.bytes));
            return this;
        }

        public void Dispose()
        {
            Inputs.Dispose();
            Targets.Dispose();
        }
    }
}
