using System.Diagnostics;
using TorchSharp;
using static TorchSharp.torch;

namespace Mhc.Training;

/// <summary>
/// The trainer's own update, timed: what an architecture costs without evaluations and checkpoints, on uniformly random tokens.
/// Not thread-safe; dispose it to free the model.
/// </summary>
public sealed class TrainingBenchmark : IDisposable
{
    // Tinyshakespeare's, which the reference is measured with.
    private const int DefaultVocabSize = 65;
    private const int Windows = 256;
    private const int MatmulRepeats = 20, MatmulRows = 2048, MatmulInner = 384, MatmulColumns = 1536;

    private readonly MhcModel _model;
    private readonly AdamW _optimizer;
    private readonly LossScaler _scaler;
    private readonly TrainingOptions _options;
    private readonly BatchQueue _batches;
    private readonly Device _device;
    private int _step;

    /// <summary>A freshly initialised model with its optimiser on the device of the settings.</summary>
    /// <param name="settings">Architecture and training; a vocabulary of 65 where they give none.</param>
    /// <exception cref="InvalidDataException">There is no such device.</exception>
    public TrainingBenchmark(RunSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        MhcConfig config = settings.HasVocabSize ? settings.Model : settings.Model with { VocabSize = DefaultVocabSize };
        _options = settings.Training;
        _device = ComputeDevice.Parse(_options.Device, _options.Dtype);
        _model = new MhcModel(config, _options.Seed, _device, _options.Dtype);
        _optimizer = new AdamW(_model.Parameters, _options.Beta1, _options.Beta2, _options.WeightDecay);
        _scaler = new LossScaler(_options.Dtype);
        // As many updates as are asked for, whatever the settings say.
        _batches = new BatchQueue(RandomTokens(config, _options.Seed), _options with { MaxIters = int.MaxValue }, config.BlockSize, _device,
            firstStep: 0);
    }

    /// <summary>How many parameters the model has.</summary>
    public long ParameterCount => _model.ParameterCount;

    /// <summary>Tokens in an update, every micro-batch counted.</summary>
    public int TokensPerUpdate => _options.BatchSize * _options.GradAccum * _model.Config.BlockSize;

    /// <summary>Makes one update as <see cref="Trainer.Train"/> does: gradients of every micro-batch, clipping, AdamW.</summary>
    /// <returns>How long it took, until the device had finished.</returns>
    public TimeSpan Update()
    {
        double learningRate = CosineSchedule.At(_step, _options);
        var watch = Stopwatch.StartNew();
        Trainer.Update(_model, _optimizer, _scaler, _options, _batches, _device, _step++, learningRate);
        if (_device.type == DeviceType.CUDA)
            cuda.synchronize(_device);
        return watch.Elapsed;
    }

    /// <summary>Loads libtorch and lets the device compute one number: memory beyond what is used now is a model's.</summary>
    /// <param name="device">As <see cref="TrainingOptions.Device"/>.</param>
    /// <exception cref="InvalidDataException">There is no such device.</exception>
    public static void StartRuntime(string device)
    {
        using DisposeScope scope = NewDisposeScope();
        ones(2, 2, device: ComputeDevice.Parse(device, TrainingDtype.Float32)).sum().item<float>();
    }

    /// <summary>A yardstick of the machine: float32 matrices 2048×384 times 384×1536.</summary>
    /// <param name="device">As <see cref="TrainingOptions.Device"/>.</param>
    /// <returns>10⁹ additions and multiplications a second, over 20 products.</returns>
    /// <exception cref="InvalidDataException">There is no such device.</exception>
    public static double MatmulGflops(string device)
    {
        using DisposeScope scope = NewDisposeScope();
        Device where = ComputeDevice.Parse(device, TrainingDtype.Float32);
        Tensor a = randn(MatmulRows, MatmulInner, device: where), b = randn(MatmulInner, MatmulColumns, device: where);
        Tensor product = matmul(a, b); // The first one allocates.
        product[0, 0].item<float>();
        var watch = Stopwatch.StartNew();
        for (int i = 0; i < MatmulRepeats; i++)
            product.addmm_(a, b, beta: 0, alpha: 1);
        product[0, 0].item<float>(); // Waits for the device.
        return MatmulRepeats * 2.0 * MatmulRows * MatmulInner * MatmulColumns / watch.Elapsed.TotalSeconds / 1e9;
    }

    /// <summary>Frees the model and its optimiser.</summary>
    public void Dispose()
    {
        _batches.Dispose();
        _optimizer.Dispose();
        _model.Dispose();
    }

    private static TokenArray RandomTokens(MhcConfig config, int seed)
    {
        var random = new Random(seed);
        return new([.. Enumerable.Range(0, Windows * (config.BlockSize + 1)).Select(_ => random.Next(config.VocabSize))]);
    }
}
