using System.Diagnostics;
using System.Globalization;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace Mhc.MLNet.Tests.Kit;

/// <summary>The test program started again with other arguments; what it writes is the result.</summary>
internal static class SecondProcess
{
    public const string Argument = "second-process";

    public static string Start(string verb, string path, string? folder = null)
    {
        string program = Path.Combine(folder ?? AppContext.BaseDirectory, "Mhc.MLNet.Tests.dll");
        var start = new ProcessStartInfo("dotnet", [program, Argument, verb, path])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, errors.Result);
        return output.TrimEnd();
    }

    /// <summary>What runs in the second process.</summary>
    public static void Run(string verb, string path)
    {
        switch (verb)
        {
            case "predict":
                Predict(path);
                break;
            case "open":
                Open(path);
                break;
            case "open-many":
                OpenMany(path);
                break;
            case "view-many":
                ViewMany(path);
                break;
            case "score-many":
                ScoreMany(path);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(verb), verb, null);
        }
    }

    // Nothing here names Mhc.MLNet: ML.NET has to find it by what stands in the zip.
    private static void Predict(string zip)
    {
        var mlContext = new MLContext();
        ITransformer model = mlContext.Model.Load(zip, out _);
        using PredictionEngine<TextRow, ScoredRow> engine = mlContext.Model.CreatePredictionEngine<TextRow, ScoredRow>(model);
        Console.WriteLine(engine.Predict(new TextRow { Text = "second process" }));
    }

    private static void Open(string onnx)
    {
        try
        {
            new MhcScorer(onnx).Dispose();
        }
        catch (InvalidOperationException e)
        {
            Console.WriteLine(e.Message);
        }
    }

    /// <summary>Writes by how many MiB the process grew over ten thousand texts.</summary>
    private static void ScoreMany(string onnx)
    {
        using var scorer = new MhcScorer(onnx);
        var random = new Random(Seed: 2);
        Score(10_000); // until the allocators have what they want
        long before = Size();
        Score(10_000);
        Console.WriteLine((Size() - before) >> 20);

        void Score(int count)
        {
            string[] texts = [.. Enumerable.Range(0, count).Select(_ => new string('x', random.Next(60)))];
            foreach (string text in texts[..(count / 2)])
                scorer.Score(text);
            foreach (MhcScore _ in scorer.ScoreLazily(texts[(count / 2)..]))
            {
            }
        }

    }

    /// <summary>
    /// Writes by how many MiB the process grew over a lazy view of forty thousand rows, or of as many as MHC_VIEW_ROWS says, since a tenth
    /// of them had been read, at the most of ten points.
    /// </summary>
    private static void ViewMany(string onnx)
    {
        int count = int.Parse(Environment.GetEnvironmentVariable("MHC_VIEW_ROWS") ?? "40000", CultureInfo.InvariantCulture);
        var mlContext = new MLContext(seed: 1);
        IDataView rows = mlContext.Data.LoadFromEnumerable(Enumerable.Range(0, count).Select(i => new TextRow { Text = $"row {i}" }));
        using MhcScoringTransformer model = mlContext.ScoreMhc(new MhcScoringOptions { ModelPath = onnx }).Fit(rows);
        long first = 0, most = long.MinValue;
        int read = 0;
        foreach (float bits in model.Transform(rows).GetColumn<float>("BitsPerByte"))
        {
            if (++read % (count / 10) != 0)
                continue;
            long size = Size();
            first = first == 0 ? size : first;
            most = Math.Max(most, (size - first) >> 20);
        }
        Console.WriteLine(most);
    }

    /// <summary>Writes by how many threads and MiB the process grew over 60 scorers.</summary>
    private static void OpenMany(string onnx)
    {
        string[] texts = [.. Enumerable.Repeat("some text", 10)];
        (int threads, long size) = Open(20);
        (int threadsAfter, long sizeAfter) = Open(60);
        Console.WriteLine($"{threadsAfter - threads} {(sizeAfter - size) >> 20}");

        (int, long) Open(int count)
        {
            for (int i = 0; i < count; i++)
            {
                using var scorer = new MhcScorer(onnx, new MhcScorerOptions { Threads = 3, RunsAtOnce = 1, TokensPerBatch = 50 });
                scorer.Score(texts);
                _ = scorer.ScoreLazily(texts).First();
            }
            return (Process.GetCurrentProcess().Threads.Count, Size());
        }
    }

    private static long Size()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        return Environment.WorkingSet;
    }
}
