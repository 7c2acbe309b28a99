// Finds strange log lines without ever having seen one: a small mHC GPT learns what ordinary lines look like, and lines that it finds
// unlikely are shown. `--text FILE` does the same with the lines of your own file.

using Mhc.MLNet;
using Mhc.Onnx;
using Mhc.Training;
using Microsoft.ML;
using Quickstart;

if (args is not ([] or ["--text", _]))
{
    Console.Error.WriteLine("usage: dotnet run -c Release --project samples/Quickstart [-- --text FILE]");
    return 2;
}
AppDomain.CurrentDomain.UnhandledException += (_, failure) =>
{
    Console.Error.WriteLine(((Exception)failure.ExceptionObject).Message);
    Environment.Exit(1);
};
bool ownText = args.Length > 0;
var stages = new Stages();

// 1. Lines to learn from, and others to judge.
(string training, LogLine[] test) = ownText ? LogLines.FromFile(args[1]) : LogLines.Generated();
string artifacts = Path.Combine(AppContext.BaseDirectory, "quickstart");
if (Directory.Exists(artifacts))
    Directory.Delete(artifacts, recursive: true); // those of an earlier run
stages.Done("lines");

// 2. Train on ordinary lines alone: bytes in, no labels. A GPU is used when there is one.
TextDataset text = TextDataset.FromText(training, TokenizerKind.Byte);
var config = new MhcConfig { VocabSize = text.Tokenizer.VocabSize, BlockSize = 96, NLayer = 2, NHead = 4, NEmbd = 64, Streams = 4 };
var options = new TrainingOptions
{
    BatchSize = 16,
    MaxIters = 500,
    EvalInterval = 250,
    LearningRate = 3e-3,
    MinLr = 3e-4,
    WarmupIters = 40,
};
TrainingResult run = Show.Progress(onUpdate => Trainer.Train(config, options, text, Path.Combine(artifacts, "run"), onUpdate));
stages.Done("training");

// 3. Export: one .onnx file with H_res projected to constants, the tokenizer and everything that a scorer needs inside.
string onnx = Path.Combine(artifacts, "model.onnx");
OnnxExporter.Export(run.BestFolder, onnx);
stages.Done("export");

// 4. An ML.NET pipeline: score text, flag what is stranger than 99 of 100 ordinary lines. Saved as one zip and loaded again.
//    Scoring stays on the CPU: the CUDA builds of libtorch and ONNX Runtime want different CUDA versions, so a process uses one of them.
var mlContext = new MLContext(seed: 1);
IDataView lines = mlContext.Data.LoadFromEnumerable(test);
string zip = Path.Combine(artifacts, "pipeline.zip");
ITransformer fitted = mlContext.ScoreMhc(new MhcScoringOptions
{
    ModelPath = onnx,
    TextColumn = nameof(LogLine.Text),
    Columns = ["BitsPerByte", "TokenLogProbs", "IsAnomaly"],
    AnomalyPercentile = 99,
}).Fit(lines);
mlContext.Model.Save(fitted, lines.Schema, zip);
ITransformer pipeline = mlContext.Model.Load(zip, out _);
stages.Done("pipeline");

// 5. Score: bits per byte say how strange a line is.
IDataView scored = pipeline.Transform(lines);
ScoredLine[] judged = [.. mlContext.Data.CreateEnumerable<ScoredLine>(scored, reuseRowObject: false)];
stages.Done("scoring");

Show.Strangest(judged.OrderByDescending(line => line.BitsPerByte).Take(10));
if (!ownText)
{
    var metrics = mlContext.BinaryClassification.EvaluateNonCalibrated(
        scored, nameof(LogLine.IsOdd), nameof(ScoredLine.BitsPerByte), nameof(ScoredLine.IsAnomaly));
    Show.Quality(metrics.AreaUnderRocCurve, judged);
}
Show.HRes(Checkpoint.Open(run.BestFolder).ProjectHMatrices());
Show.Artefacts(("checkpoint", run.BestFolder), ("ONNX model", onnx), ("ML.NET pipeline", zip));
stages.Print();
return 0;
