using TorchSharp;
using static TorchSharp.torch;

namespace Mhc.Training;

/// <summary>What a run reports after each update and each evaluation.</summary>
/// <param name="Step">Updates made.</param>
/// <param name="MaxIters">Updates to make.</param>
/// <param name="Loss">Loss of the update in nats per token; NaN before the first.</param>
/// <param name="LearningRate">Learning rate of the update.</param>
/// <param name="GradNorm">Gradient norm before clipping.</param>
/// <param name="TokensPerSecond">Training speed since the last line of metrics, evaluations left out.</param>
/// <param name="ValLoss">Validation loss where one was just taken, nats per token.</param>
/// <param name="Remaining">Estimated time left in updates.</param>
public readonly record struct TrainingUpdate(
    int Step, int MaxIters, double Loss, double LearningRate, double GradNorm, double TokensPerSecond, double? ValLoss, TimeSpan Remaining);

/// <summary>How a run ended.</summary>
/// <param name="BestFolder">Checkpoint with the lowest validation loss.</param>
/// <param name="LastFolder">Checkpoint after the last update.</param>
/// <param name="BestValLoss">Nats per token.</param>
/// <param name="LastValLoss">Nats per token.</param>
/// <param name="TokensPerSecond">Over the whole run, evaluations left out.</param>
/// <param name="Validation">Bits per byte of the validation lines under the best checkpoint; null where there is no such line.</param>
public sealed record TrainingResult(
    string BestFolder, string LastFolder, double BestValLoss, double LastValLoss, double TokensPerSecond, ValidationQuantiles? Validation);

/// <summary>Trains a model from text.</summary>
public static class Trainer
{
    /// <summary>
    /// Trains and leaves <c>best</c> and <c>last</c> as checkpoint folders and <c>metrics.jsonl</c> in the run folder. On one machine the
    /// same arguments give the same weights.
    /// </summary>
    /// <param name="config">The architecture.</param>
    /// <param name="options">How to train.</param>
    /// <param name="data">What to train on; its tokenizer travels with the checkpoints.</param>
    /// <param name="runFolder">A folder that is not there yet or is empty.</param>
    /// <param name="onUpdate">Called after each update and each evaluation, on the training thread.</param>
    /// <param name="onWarning">Called with what the user should know about the settings.</param>
    /// <exception cref="ArgumentException">Lists every value of the configuration and the options that is out of range.</exception>
    /// <exception cref="IOException">The run folder holds something already.</exception>
    /// <exception cref="InvalidDataException">The text is too short for one window, or a shard has an id beyond the vocabulary.</exception>
    /// <exception cref="ArithmeticException">The loss is no longer a number.</exception>
    public static TrainingResult Train(MhcConfig config, TrainingOptions options, TextDataset data, string runFolder,
        Action<TrainingUpdate>? onUpdate = null, Action<string>? onWarning = null)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(data);
        config.Validate();
        options.Validate();
        RequireWindow("training", data.Train, config, data.Source);
        RequireWindow("validation", data.Validation, config, data.Source);
        Device device = ComputeDevice.Parse(options.Device);
        (string best, string last) = (Path.Combine(runFolder, "best"), Path.Combine(runFolder, "last"));
        using var metrics = new MetricsWriter(runFolder);
        using var batches = new BatchQueue(data.Train, options, config.BlockSize, device, firstStep: 0);
        using var model = new MhcModel(config, options.Seed, device);
        using var optimizer = new AdamW(model.Parameters, options.Beta1, options.Beta2, options.WeightDecay);
        if (model.Mhc?.DeadProjections() is { Count: > 0 } dead)
            onWarning?.Invoke(DeadProjectionWarning(dead, config));

        var speed = new Speedometer(options.BatchSize * options.GradAccum * config.BlockSize);
        (double loss, double gradNorm, double learningRate) = (double.NaN, double.NaN, CosineSchedule.At(0, options)); // of the last update
        (double bestValLoss, double valLoss) = (double.PositiveInfinity, double.NaN);
        for (int step = 0; ; step++)
        {
            if (step % options.EvalInterval == 0 || step == options.MaxIters)
            {
                valLoss = Evaluation.ValidationLoss(model, data, options, device);
                if (!double.IsFinite(valLoss))
                    throw new ArithmeticException(Diverged(step, "validation loss", valLoss, learningRate, gradNorm, last));
                Report(step, valLoss);
                if (step > 0 || options.MaxIters == 0)
                {
                    var at = new CheckpointMetrics(step, double.IsNaN(loss) ? null : loss, valLoss, data.Sha256, null);
                    Checkpoint.Save(last, model, data.Tokenizer, at);
                    if (valLoss < bestValLoss)
                    {
                        bestValLoss = valLoss;
                        Checkpoint.Save(best, model, data.Tokenizer, at);
                    }
                }
            }
            if (step == options.MaxIters)
                break;

            learningRate = CosineSchedule.At(step, options);
            speed.Start();
            (loss, gradNorm) = Update(model, optimizer, options, batches, device, step, learningRate);
            speed.Stop();
            if (!double.IsFinite(loss) || !double.IsFinite(gradNorm))
                throw new ArithmeticException(Diverged(step + 1, "loss", loss, learningRate, gradNorm, last));
            Report(step + 1, null);
        }

        ValidationQuantiles? validation = Evaluation.BitsPerByte(model, data, device);
        SaveValidation(last, validation);
        if (bestValLoss < valLoss)
        {
            Checkpoint.LoadWeights(best, model);
            validation = Evaluation.BitsPerByte(model, data, device);
        }
        SaveValidation(best, validation);
        return new(best, last, bestValLoss, valLoss, speed.Total, validation);

        void Report(int step, double? justValidated)
        {
            var update = new TrainingUpdate(step, options.MaxIters, loss, learningRate, gradNorm, speed.Recent, justValidated,
                speed.TimeFor(options.MaxIters - step));
            if (justValidated is not null || step % options.LogInterval == 0)
                metrics.Write(update);
            onUpdate?.Invoke(update);
        }
    }

    /// <summary>One update: gradients of every micro-batch added up, clipped, applied.</summary>
    /// <returns>Mean loss of the micro-batches and the gradient's norm before clipping.</returns>
    private static (double Loss, double GradNorm) Update(MhcModel model, AdamW optimizer, TrainingOptions options,
        BatchQueue batches, Device device, int step, double learningRate)
    {
        using DisposeScope scope = NewDisposeScope();
        // Dropout's random numbers, like the windows, depend on the seed and the step alone.
        manual_seed(unchecked((options.Seed * 1_000_003L) + step));
        model.Parameters.ZeroGradients();
        Tensor loss = zeros(1, device: device);
        foreach ((Tensor tokens, Tensor targets) in batches.Next(step))
        {
            Tensor microLoss = model.Loss(tokens, targets, training: true) / options.GradAccum;
            microLoss.backward();
            loss.add_(microLoss.detach());
        }
        Tensor norm = optimizer.ClipGradients(options.GradClip > 0 ? options.GradClip : double.MaxValue);
        optimizer.Step(learningRate);
        return (loss.item<float>(), norm.item<float>());
    }

    private static void RequireWindow(string part, TokenSequence tokens, MhcConfig config, string source)
    {
        if (tokens.LongestRun <= config.BlockSize)
        {
            string shards = tokens.LongestRun < tokens.Length ? $" in shards of at most {tokens.LongestRun}" : "";
            throw new InvalidDataException($"{source}: the {part} part has {tokens.Length} tokens{shards}, "
                + $"expected more than `block_size` {config.BlockSize}. "
                + "Give more text, or set block_size lower or val_fraction differently.");
        }
    }

    private static string DeadProjectionWarning(IReadOnlyList<string> sublayers, MhcConfig config) =>
        $"H_res cannot learn in {(sublayers.Count == config.Sublayers ? "any of the" : $"{sublayers.Count} of the {config.Sublayers}")} "
        + $"sublayers ({string.Join(", ", sublayers)}): "
        + $"with `h_res_tau` {config.HResTau:0.####} and `init` \"{StrictJson.SnakeCase(config.Init)}\" "
        + "the gradient of its projection is exactly zero, so it stays what it is now. "
        + "Use init=live with h_res_tau=1 for an H_res that learns, or h_res=identity for the same model at less cost.";

    private static void SaveValidation(string folder, ValidationQuantiles? validation) =>
        Checkpoint.SaveMetrics(folder, Checkpoint.LoadMetrics(folder) with { Validation = validation });

    private static string Diverged(int update, string what, double loss, double learningRate, double gradNorm, string last) =>
        $"Update {update}: the {what} is {loss} and the gradient's norm {gradNorm:g3} at learning rate {learningRate:g3}, "
        + "so the run stops. "
        + (Directory.Exists(last)
            ? $"The last good checkpoint is {last}. "
            : $"There is no checkpoint yet: remove {Path.GetDirectoryName(last)} before the next try. ")
        + "Try a lower learning_rate or a longer warmup_iters.";
}
