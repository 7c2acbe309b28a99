using TorchSharp;
using static TorchSharp.torch;

namespace Mhc.Training;

/// <summary>How a model does on text that it was not trained on.</summary>
internal static class Evaluation
{
    /// <summary>Mean loss in nats per token over the same evenly spread windows each time.</summary>
    public static double ValidationLoss(MhcModel model, TextDataset data, TrainingOptions options, Device device)
    {
        using IDisposable noGradients = no_grad();
        int blockSize = model.Config.BlockSize;
        long[] windows = WindowSampler.Even(options.EvalIters * options.BatchSize, data.Validation.WindowCount(blockSize + 1), blockSize);
        double sum = 0;
        foreach (long[] batch in windows.Chunk(options.BatchSize))
        {
            using DisposeScope scope = NewDisposeScope();
            (Tensor tokens, Tensor targets) = WindowSampler.Batch(data.Validation, batch, blockSize, device);
            sum += model.Loss(tokens, targets).item<float>() * batch.Length;
        }
        return sum / windows.Length;
    }
}
