using System.Text.Json;

namespace Mhc.Training;

/// <summary>
/// Where a run stands: with the weights, all that continuing it takes, since windows and dropout depend on the seed and the step alone.
/// Written into a checkpoint folder as <c>trainer_state.json</c> and <c>optimizer.safetensors</c>; see docs/runs.md.
/// </summary>
internal sealed record TrainerState
{
    private const int FormatVersion = 1;

    /// <summary>Updates made.</summary>
    public int Step { get; init; }

    /// <summary>Loss of the last update; null before the first.</summary>
    public double? Loss { get; init; }

    /// <summary>Gradient norm of the last update before clipping.</summary>
    public double? GradNorm { get; init; }

    /// <summary>Step of the last evaluation; null before the first.</summary>
    public int? EvaluatedStep { get; init; }

    /// <summary>What the last evaluation found.</summary>
    public double? ValLoss { get; init; }

    /// <summary>The lowest of all evaluations so far.</summary>
    public double? BestValLoss { get; init; }

    /// <summary>Evaluations since the lowest one.</summary>
    public int EvaluationsSinceBest { get; init; }

    /// <summary>What the loss is multiplied by; above 1 in float16 alone.</summary>
    public double? LossScale { get; init; }

    /// <summary>Updates since the scale last changed.</summary>
    public int LossScaleUpdates { get; init; }

    public TrainerState Evaluated(double valLoss)
    {
        bool isBest = BestValLoss is not { } best || valLoss < best;
        return this with
        {
            EvaluatedStep = Step,
            ValLoss = valLoss,
            BestValLoss = isBest ? valLoss : BestValLoss,
            EvaluationsSinceBest = isBest ? 0 : EvaluationsSinceBest + 1,
        };
    }

    public void Write(string folder, FlatParameters parameters, AdamW optimizer)
    {
        var members = JsonSerializer.SerializeToNode(this, Checkpoint.SnakeCase)!.AsObject();
        members.Insert(0, "format_version", FormatVersion);
        members.Add("optimizer_steps", optimizer.Steps);
        File.WriteAllText(JsonFile(folder), members.ToJsonString(Checkpoint.SnakeCase) + "\n");
        SafetensorsFile.Write(OptimizerFile(folder),
            from tensor in OptimizerTensors(parameters, optimizer)
            select (tensor.Spec.Name, tensor.Spec.Shape, (Func<byte[]>)(() => parameters.BytesOf(tensor.Flat, tensor.Parameter))));
    }

    /// <exception cref="InvalidDataException">The files are damaged or belong to another architecture.</exception>
    public static TrainerState Read(string folder, FlatParameters parameters, AdamW optimizer)
    {
        foreach (string path in new[] { JsonFile(folder), OptimizerFile(folder) }.Where(path => !File.Exists(path)))
        {
            throw new FileNotFoundException($"{path}: no such file, so the run cannot be resumed from this checkpoint. "
                + $"Start a new run from its weights with --init-from {folder}.", path);
        }
        StrictJson json = StrictJson.ReadFile(JsonFile(folder));
        json.RequireVersion("format_version", FormatVersion);
        var state = new TrainerState
        {
            Step = json.Int("step", 0, required: true),
            Loss = json.NumberOrNull("loss", required: true),
            GradNorm = json.NumberOrNull("grad_norm", required: true),
            EvaluatedStep = json.IntOrNull("evaluated_step", required: true),
            ValLoss = json.NumberOrNull("val_loss", required: true),
            BestValLoss = json.NumberOrNull("best_val_loss", required: true),
            EvaluationsSinceBest = json.Int("evaluations_since_best", 0, required: true),
            LossScale = json.NumberOrNull("loss_scale", required: true),
            LossScaleUpdates = json.Int("loss_scale_updates", 0, required: true),
        };
        optimizer.Steps = json.Int("optimizer_steps", 0, required: true);
        json.Finish([]);
        using SafetensorsFile file = SafetensorsFile.Open(OptimizerFile(folder));
        List<(string Parameter, ParameterSpec Spec, TorchSharp.torch.Tensor Flat)> tensors = [.. OptimizerTensors(parameters, optimizer)];
        Checkpoint.RequireSameTensors(file, [.. tensors.Select(tensor => tensor.Spec)]);
        foreach ((string parameter, ParameterSpec spec, TorchSharp.torch.Tensor flat) in tensors)
            parameters.SetBytes(flat, parameter, Checkpoint.ReadFinite(file, spec.Name));
        return state;
    }

    private static IEnumerable<(string Parameter, ParameterSpec Spec, TorchSharp.torch.Tensor Flat)> OptimizerTensors(
        FlatParameters parameters, AdamW optimizer) =>
        from spec in parameters.Specs
        from state in optimizer.State
        select (spec.Name, spec with { Name = $"{spec.Name}.{state.Name}" }, state.Values);

    private static string JsonFile(string folder) => Path.Combine(folder, "trainer_state.json");

    private static string OptimizerFile(string folder) => Path.Combine(folder, "optimizer.safetensors");
}
