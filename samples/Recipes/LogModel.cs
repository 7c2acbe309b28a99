using Mhc.Onnx;
using Mhc.Training;
using Quickstart;

namespace Recipes;

/// <summary>A small model of what six services log on an ordinary morning, trained once and kept beside the program.</summary>
internal static class LogModel
{
    /// <summary>Of the .onnx file.</summary>
    public static string Path()
    {
        string folder = System.IO.Path.Combine(AppContext.BaseDirectory, "recipes"), onnx = System.IO.Path.Combine(folder, "model.onnx");
        if (File.Exists(onnx))
            return onnx;
        Console.WriteLine("Training a model of ordinary log lines …");
        string lines = string.Concat(new ServiceLogs(seed: 1).Normal(8000).Select(line => $"{line.Text}\n"));
        TextDataset text = TextDataset.FromText(lines, TokenizerKind.Byte);
        var config = new MhcConfig { VocabSize = text.Tokenizer.VocabSize, BlockSize = 96, NLayer = 2, NHead = 4, NEmbd = 64, Streams = 4 };
        var options = new TrainingOptions
        {
            BatchSize = 16,
            MaxIters = 500,
            EvalInterval = 250,
            LearningRate = 3e-3,
            MinLr = 3e-4,
            WarmupIters = 40,
            Device = "cpu",
        };
        string run = System.IO.Path.Combine(folder, "run");
        if (Directory.Exists(run))
            Directory.Delete(run, recursive: true); // One that was stopped before it was exported.
        TrainingResult result = Trainer.Train(config, options, text, run);
        OnnxExporter.Export(result.BestFolder, onnx, new() { Hidden = true }); // The hidden states are the classifier's features.
        return onnx;
    }
}
