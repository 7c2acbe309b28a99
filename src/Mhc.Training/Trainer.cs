using System.Text.Json.Nodes;
using TorchSharp;
using static TorchSharp.torch;

namespace Mhc.Training;

/// <summary>What a run reports after each update and each evaluation.</summary>
/// <param name="Step">Updates made.</param>
/// <param name="MaxIters">Updates to make.</param>
/// <param name="Loss">Loss of the update in nats per token; NaN before the first.</param>
/// <param name="LearningRate">Learning rate of the update.</param>
/// <param name="GradNorm">Gradient norm before clipping.</param>
/// <param name="TokensPerSecond">Training speed over the last 20 updates, evaluations left out.</param>
/// <param name="ValLoss">Validation loss where one was just taken, nats per token.</param>
/// <param name="Remaining">Estimated time left in updates.</param>
public readonly record struct TrainingUpdate(
    int Step, int MaxIters, double Loss, double LearningRate, double GradNorm, double TokensPerSecond, double? ValLoss, TimeSpan Remaining);

/// <summary>Trains a model from text.</summary>
public static class Trainer
{
    /// <summary>
    /// Trains and leaves <c>best</c> and <c>last</c> as checkpoint folders and <c>metrics.jsonl</c> in the run folder; see docs/runs.md. On
    /// one machine the same arguments give the same weights.
    /// </summary>
    /// <param name="config">The architecture.</param>
    /// <param name="options">How to train.</param>
    /// <param name="data">What to train on; its tokenizer travels with the checkpoints.</param>
    /// <param name="runFolder">A folder that is not there yet or is empty.</param>
    /// <param name="onUpdate">Called after each update and each evaluation, on the training thread.</param>
    /// <param name="onWarning">Called with what the user should know about the settings.</param>
    /// <param name="cancellationToken">Asks for a stop: the update that is being made is finished and the run saved.</param>
    /// <exception cref="ArgumentException">Lists every value of the configuration and the options that is out of range.</exception>
    /// <exception cref="IOException">
    /// The run folder holds something already, or could not be written; what was saved before is whole.
    /// </exception>
    /// <exception cref="InvalidDataException">
    /// The text is too short for one window, a shard has an id beyond the vocabulary, or the architecture is not that of the checkpoint to
    /// start from.
    /// </exception>
    /// <exception cref="ArithmeticException">The loss is no longer a number.</exception>
    public static TrainingResult Train(MhcConfig config, TrainingOptions options, TextDataset data, string runFolder,
        Action<TrainingUpdate>? onUpdate = null, Action<string>? onWarning = null, CancellationToken cancellationToken = default) =>
        Run(config, options, data, runFolder, resume: false, onUpdate, onWarning, cancellationToken);

    /// <summary>
    /// Continues a run that was stopped or killed, or that ended and is given more updates. On a CPU, with the same number of threads, it
    /// ends with the same weights, to the bit, as if it had never stopped.
    /// </summary>
    /// <param name="runFolder">The run's folder.</param>
    /// <param name="onUpdate">Called once with where the run stands, then after each update and each evaluation.</param>
    /// <exception cref="FileNotFoundException">There is no run in the folder.</exception>
    /// <exception cref="InvalidDataException">
    /// The settings, the text or the tokenizer are not the run's: every setting that differs is listed. Or a file is damaged.
    /// </exception>
    /// <inheritdoc cref="Train"/>
    public static TrainingResult Resume(MhcConfig config, TrainingOptions options, TextDataset data, string runFolder,
        Action<TrainingUpdate>? onUpdate = null, Action<string>? onWarning = null, CancellationToken cancellationToken = default) =>
        Run(config, options, data, runFolder, resume: true, onUpdate, onWarning, cancellationToken);

    private static TrainingResult Run(MhcConfig config, TrainingOptions options, TextDataset data, string runFolder, bool resume,
        Action<TrainingUpdate>? onUpdate, Action<string>? onWarning, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(data);
        config.Validate();
        options.Validate();
        RequireWindow("training", data.Train, config, data.Source);
        RequireWindow("validation", data.Validation, config, data.Source);
        Device device = ComputeDevice.Parse(options.Device, options.Dtype);
        string runJson = RunFile.Text(config, options, data);
        using var run = new RunFolder(runFolder);
        if (resume)
            run.Reopen(runJson, data.Tokenizer);
        using var model = new MhcModel(config, options.Seed, device, options.Dtype);
        if (options.InitFrom is { } checkpoint && !(resume && run.HasState))
            Checkpoint.LoadWeights(checkpoint, model, data.Tokenizer);
        if (!resume)
            run.Create(runJson, data.Tokenizer);
        using var optimizer = new AdamW(model.Parameters, options.Beta1, options.Beta2, options.WeightDecay);
        TrainerState? saved = resume ? run.Load(model, optimizer, options.MaxIters, runJson) : null;
        TrainerState state = saved ?? new TrainerState();
        TensorBoardLog? tensorBoard = options.TensorBoard ? new(runFolder) : null;
        var scaler = new LossScaler(options.Dtype);
        if (saved?.LossScale is { } scale)
            (scaler.Scale, scaler.Updates) = (scale, saved.LossScaleUpdates);
        using var batches = new BatchQueue(data.Train, options, config.BlockSize, device, state.Step);
        if (model.Mhc?.DeadProjections() is { Count: > 0 } dead)
            onWarning?.Invoke(DeadProjectionWarning(dead, config));
        if (data.UnknownCharacters > 0)
            onWarning?.Invoke(UnknownWarning(data));

        var speed = new Speedometer(options.BatchSize * options.GradAccum * config.BlockSize);
        double learningRate = CosineSchedule.At(Math.Max(0, state.Step - 1), options); // of the last update
        if (saved is not null)
            onUpdate?.Invoke(Now(saved.EvaluatedStep == saved.Step ? saved.ValLoss : null));
        TrainingEnd? end;
        while (true)
        {
            if ((state.Step % options.EvalInterval == 0 || state.Step == options.MaxIters) && state.EvaluatedStep != state.Step)
            {
                using var observer = new StreamObserver(model);
                double valLoss = Evaluation.ValidationLoss(model, data, options, device);
                if (!double.IsFinite(valLoss))
                    throw new ArithmeticException(Diverged("validation loss", valLoss));
                state = state.Evaluated(valLoss);
                Report(valLoss, EvaluationDiagnostics.Of(model, observer.Diagnostics, ClipRatio())?.ToJson());
                Save();
            }
            end = state.Step == options.MaxIters ? TrainingEnd.MaxIters
                : options.Patience > 0 && state.EvaluationsSinceBest >= options.Patience ? TrainingEnd.Patience
                : cancellationToken.IsCancellationRequested ? TrainingEnd.Cancelled : null;
            if (end is not null)
                break;

            learningRate = CosineSchedule.At(state.Step, options);
            speed.Start();
            (double loss, double gradNorm) = Update(model, optimizer, scaler, options, batches, device, state.Step, learningRate);
            speed.Stop();
            state = state with
            {
                Step = state.Step + 1,
                Loss = loss,
                GradNorm = gradNorm,
                LossScale = scaler.Scale,
                LossScaleUpdates = scaler.Updates,
            };
            if (!double.IsFinite(loss) || !double.IsFinite(gradNorm))
                throw new ArithmeticException(Diverged("loss", loss));
            Report(null, null);
        }

        if (saved?.Step != state.Step)
            Save();
        if (end == TrainingEnd.Cancelled)
            return Result(null);
        BitsPerByteQuantiles? quantiles = ValidationScores.Quantiles(model, data, options.BatchSize * config.BlockSize, device);
        run.SaveValidation(run.Last, quantiles);
        if (state.EvaluationsSinceBest > 0)
        {
            Checkpoint.LoadWeights(run.Best, model);
            quantiles = ValidationScores.Quantiles(model, data, options.BatchSize * config.BlockSize, device);
        }
        run.SaveValidation(run.Best, quantiles);
        return Result(quantiles);

        void Save()
        {
            run.Save(state, model, optimizer, data, options.KeepCheckpoints);
            saved = state;
        }

        TrainingUpdate Now(double? justValidated) => new(state.Step, options.MaxIters, state.Loss ?? double.NaN, learningRate,
            state.GradNorm ?? double.NaN, speed.Recent, justValidated, speed.TimeFor(options.MaxIters - state.Step));

        double ClipRatio() => options.GradClip > 0 && state.GradNorm is { } norm ? Math.Min(1, options.GradClip / norm) : 1;

        void Report(double? justValidated, JsonObject? diagnostics)
        {
            TrainingUpdate now = Now(justValidated);
            if (justValidated is not null || state.Step % options.LogInterval == 0)
            {
                run.Log(now, ClipRatio(), diagnostics);
                tensorBoard?.Write(now, ClipRatio(), diagnostics);
            }
            onUpdate?.Invoke(now);
        }

        string Diverged(string what, double value) =>
            $"Update {state.Step}: the {what} is {value} and the gradient's norm {state.GradNorm:g3} at learning rate {learningRate:g3}, "
            + $"so the run stops. {run.LastGood} Try a lower learning_rate or a longer warmup_iters in a new run.";

        TrainingResult Result(BitsPerByteQuantiles? ofBest) =>
            new(run.Best, run.Last, state.BestValLoss!.Value, state.ValLoss!.Value, speed.Total, ofBest?.Summary())
            {
                End = end.Value,
                Step = state.Step,
            };
    }

    /// <summary>One update: gradients of every micro-batch added up, clipped, applied.</summary>
    /// <returns>Mean loss of the micro-batches and the gradient's norm before clipping.</returns>
    internal static (double Loss, double GradNorm) Update(MhcModel model, AdamW optimizer, LossScaler scaler, TrainingOptions options,
        BatchQueue batches, Device device, int step, double learningRate)
    {
        using DisposeScope scope = NewDisposeScope();
        (Tensor Tokens, Tensor Targets)[] microBatches = [.. batches.Next(step)];
        double meanLoss, norm;
        do
        {
            // Dropout's random numbers, like the windows, depend on the seed and the step alone.
            manual_seed(unchecked((options.Seed * 1_000_003L) + step));
            model.Parameters.ZeroGradients();
            Tensor loss = zeros(1, device: device);
            foreach ((Tensor tokens, Tensor targets) in microBatches)
                loss.add_(model.Backward(tokens, targets, scaler.Scale / options.GradAccum), 1.0 / options.GradAccum);
            norm = optimizer.ClipGradients(options.GradClip > 0 ? options.GradClip : double.MaxValue, scaler.Scale).item<float>();
            meanLoss = loss.item<float>();
        }
        while (!scaler.Accept(norm)); // A gradient that float16 could not hold: once more, with a lower scale.
        if (double.IsFinite(meanLoss) && double.IsFinite(norm)) // What is no number must not reach the weights.
            optimizer.Step(CosineSchedule.Rates(learningRate, options));
        return (meanLoss, norm);
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

    private static string UnknownWarning(TextDataset data) =>
        $"{data.Source}: {data.UnknownCharacters} characters are not in the tokenizer's vocabulary and are left out. "
        + "A model with the byte tokenizer can learn every text.";
}
