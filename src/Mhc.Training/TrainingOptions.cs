using System.Text.Json.Serialization;
using TorchSharp;

namespace Mhc.Training;

/// <summary>
/// What a model computes in while it trains. Weights, optimiser, residual streams, LayerNorms and the loss are float32 in each.
/// </summary>
public enum TrainingDtype
{
    /// <summary>float32; on CUDA with TF32 matrix products.</summary>
    Float32,
    /// <summary>bfloat16 matrix products.</summary>
    Bfloat16,
    /// <summary>float16 matrix products, with a loss scale that adapts to what float16 can hold.</summary>
    Float16,
}

internal static class TrainingDtypes
{
    public static torch.ScalarType ScalarType(this TrainingDtype dtype) => dtype switch
    {
        TrainingDtype.Bfloat16 => torch.ScalarType.BFloat16,
        TrainingDtype.Float16 => torch.ScalarType.Float16,
        _ => torch.ScalarType.Float32,
    };
}

/// <summary>How a model is trained. Nothing here is needed to load the result.</summary>
public sealed record TrainingOptions
{
    /// <summary>The keys of these options in presets, <c>--config</c> files and <c>--set</c>.</summary>
    internal static readonly string[] Keys =
    [
        "batch_size", "grad_accum", "max_iters", "eval_interval", "eval_iters", "log_interval", "learning_rate", "min_lr", "warmup_iters",
        "lr_decay_iters", "weight_decay", "beta1", "beta2", "grad_clip", "value_residual_lr", "h_logits_lr", "seed",
        "dtype", "device", "tokenizer", "val_fraction", "patience", "keep_checkpoints", "init_from", "tensorboard",
    ];

    /// <summary>Windows in a micro-batch.</summary>
    /// <value>Default 16.</value>
    public int BatchSize { get; init; } = 16;

    /// <summary>Micro-batches whose gradients make one update.</summary>
    /// <value>Default 1.</value>
    public int GradAccum { get; init; } = 1;

    /// <summary>How many updates to make; 0 writes the freshly initialised model.</summary>
    /// <value>Default 1,000.</value>
    public int MaxIters { get; init; } = 1000;

    /// <summary>Updates from one evaluation and checkpoint to the next, from the start on; one always follows the last update.</summary>
    /// <value>Default 200.</value>
    public int EvalInterval { get; init; } = 200;

    /// <summary>Batches in an evaluation: the same windows each time, spread evenly over the validation part.</summary>
    /// <value>Default 20.</value>
    public int EvalIters { get; init; } = 20;

    /// <summary>Updates from one line of metrics to the next.</summary>
    /// <value>Default 10.</value>
    public int LogInterval { get; init; } = 10;

    /// <summary>The highest learning rate.</summary>
    /// <value>Default 1e-3.</value>
    public double LearningRate { get; init; } = 1e-3;

    /// <summary>The learning rate that the cosine ends at.</summary>
    /// <value>Default 1e-4.</value>
    public double MinLr { get; init; } = 1e-4;

    /// <summary>The highest learning rate of the value residual's scalars; follows the schedule of <see cref="LearningRate"/>.</summary>
    /// <value>Default 1e-2, the reference's.</value>
    public double ValueResidualLr { get; init; } = 1e-2;

    /// <summary>The highest learning rate of static mHC's logits; follows the schedule of <see cref="LearningRate"/>.</summary>
    /// <value>Default null: <see cref="LearningRate"/>.</value>
    public double? HLogitsLr { get; init; }

    /// <summary>Updates of linear warm-up.</summary>
    /// <value>Default 100.</value>
    public int WarmupIters { get; init; } = 100;

    /// <summary>The update at which the learning rate reaches <see cref="MinLr"/>.</summary>
    /// <value>Default null: <see cref="MaxIters"/>.</value>
    public int? LrDecayIters { get; init; }

    /// <summary>AdamW's weight decay of the matrices in attention and MLP; nothing else is decayed.</summary>
    /// <value>Default 0.1.</value>
    public double WeightDecay { get; init; } = 0.1;

    /// <summary>AdamW's decay of the mean gradient.</summary>
    /// <value>Default 0.9.</value>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>AdamW's decay of the mean squared gradient.</summary>
    /// <value>Default 0.95.</value>
    public double Beta2 { get; init; } = 0.95;

    /// <summary>The gradient's largest norm over all parameters; 0 switches clipping off.</summary>
    /// <value>Default 1.</value>
    public double GradClip { get; init; } = 1;

    /// <summary>Seed of the weights, the windows and dropout.</summary>
    /// <value>Default 1337.</value>
    public int Seed { get; init; } = 1337;

    /// <summary>What matrix products compute in. Half precision is made for CUDA; a CPU does it too, slowly.</summary>
    /// <value>Default <see cref="TrainingDtype.Float32"/>.</value>
    public TrainingDtype Dtype { get; init; }

    /// <summary>Where to train: <c>cpu</c>, <c>cuda</c>, <c>cuda:N</c>, or <c>auto</c> for a GPU when there is one.</summary>
    /// <value>Default <c>auto</c>.</value>
    public string Device { get; init; } = "auto";

    /// <summary>How text becomes token ids. Ignored with shards, which have a tokenizer.</summary>
    /// <value>Default <see cref="TokenizerKind.Byte"/>.</value>
    public TokenizerKind Tokenizer { get; init; }

    /// <summary>Which part of the text, from its end, is for validation. Ignored with shards, which have such a part.</summary>
    /// <value>Default 0.1.</value>
    public double ValFraction { get; init; } = 0.1;

    /// <summary>Evaluations without a lower validation loss after which the run ends; 0 switches early stopping off.</summary>
    /// <value>Default 0.</value>
    public int Patience { get; init; }

    /// <summary>How many checkpoints of the latest evaluations to keep as <c>step-000200</c> and so on, beside best and last.</summary>
    /// <value>Default 0.</value>
    public int KeepCheckpoints { get; init; }

    /// <summary>
    /// Checkpoint folder whose weights the run starts from, with a fresh optimiser; the architecture and the tokenizer must be its own.
    /// </summary>
    /// <value>Default null: freshly initialised weights.</value>
    public string? InitFrom { get; init; }

    /// <summary>Whether to write TensorBoard event files beside <c>metrics.jsonl</c>, in the run's folder <c>tensorboard</c>.</summary>
    /// <value>Default false.</value>
    [JsonPropertyName("tensorboard")]
    public bool TensorBoard { get; init; }

    /// <summary>Checks every value, as reading settings does.</summary>
    /// <exception cref="ArgumentException">Lists every value that is out of range.</exception>
    public void Validate() => Throw.Argument_IfAny(Problems());

    internal static TrainingOptions Read(StrictJson json)
    {
        var d = new TrainingOptions();
        var options = new TrainingOptions
        {
            BatchSize = json.Int("batch_size", d.BatchSize),
            GradAccum = json.Int("grad_accum", d.GradAccum),
            MaxIters = json.Int("max_iters", d.MaxIters),
            EvalInterval = json.Int("eval_interval", d.EvalInterval),
            EvalIters = json.Int("eval_iters", d.EvalIters),
            LogInterval = json.Int("log_interval", d.LogInterval),
            LearningRate = json.Number("learning_rate", d.LearningRate),
            MinLr = json.Number("min_lr", d.MinLr),
            WarmupIters = json.Int("warmup_iters", d.WarmupIters),
            LrDecayIters = json.IntOrNull("lr_decay_iters"),
            ValueResidualLr = json.Number("value_residual_lr", d.ValueResidualLr),
            HLogitsLr = json.NumberOrNull("h_logits_lr"),
            Dtype = json.Choice("dtype", d.Dtype),
            WeightDecay = json.Number("weight_decay", d.WeightDecay),
            Beta1 = json.Number("beta1", d.Beta1),
            Beta2 = json.Number("beta2", d.Beta2),
            GradClip = json.Number("grad_clip", d.GradClip),
            Seed = json.Int("seed", d.Seed),
            Device = json.Text("device", d.Device),
            Tokenizer = json.Choice("tokenizer", d.Tokenizer),
            ValFraction = json.Number("val_fraction", d.ValFraction),
            Patience = json.Int("patience", d.Patience),
            KeepCheckpoints = json.Int("keep_checkpoints", d.KeepCheckpoints),
            InitFrom = json.TextOrNull("init_from") is { } folder ? Path.GetFullPath(folder) : null,
            TensorBoard = json.Bool("tensorboard", d.TensorBoard),
        };
        json.Problems(options.Problems());
        return options;
    }

    private IEnumerable<string> Problems()
    {
        (string Key, int? Value, int Least)[] counts =
        [
            ("batch_size", BatchSize, 1), ("grad_accum", GradAccum, 1), ("max_iters", MaxIters, 0),
            ("eval_interval", EvalInterval, 1), ("eval_iters", EvalIters, 1), ("log_interval", LogInterval, 1),
            ("warmup_iters", WarmupIters, 0), ("lr_decay_iters", LrDecayIters, 1), ("seed", Seed, 0),
            ("patience", Patience, 0), ("keep_checkpoints", KeepCheckpoints, 0),
        ];
        foreach ((string key, int? value, int least) in counts.Where(count => count.Value < count.Least))
            yield return $"`{key}` is {value}, expected at least {least}.";
        (string Key, double Value, bool IsValid, string Range)[] numbers =
        [
            ("learning_rate", LearningRate, LearningRate > 0, "above 0"), ("min_lr", MinLr, MinLr >= 0, "of at least 0"),
            ("value_residual_lr", ValueResidualLr, ValueResidualLr >= 0, "of at least 0"),
            ("h_logits_lr", HLogitsLr ?? 0, HLogitsLr is not < 0, "of at least 0"),
            ("weight_decay", WeightDecay, WeightDecay >= 0, "of at least 0"), ("grad_clip", GradClip, GradClip >= 0, "of at least 0"),
            ("beta1", Beta1, Beta1 is >= 0 and < 1, "from 0 to below 1"), ("beta2", Beta2, Beta2 is >= 0 and < 1, "from 0 to below 1"),
            ("val_fraction", ValFraction, ValFraction is > 0 and < 1, "between 0 and 1"),
        ];
        foreach ((string key, double value, _, string range) in numbers.Where(number => !number.IsValid))
            yield return FormattableString.Invariant($"`{key}` is {value}, expected a number {range}.");
    }
}
