using System.CommandLine;
using Mhc.Onnx;

namespace Mhc.Cli;

internal static class InspectCommand
{
    public static Command Create()
    {
        var paths = new Argument<string[]>("RUN|CKPT|M.onnx")
        {
            Description = "Run folders, checkpoint folders or exported files. Of a run its best checkpoint is shown; "
                + "figures show how it was trained, too.",
            Arity = ArgumentArity.OneOrMore,
        };
        var plots = new Option<string?>("--plots")
        {
            HelpName = "DIR",
            Description = "Draw instead, as PNG files in DIR: losses (of several runs in one figure), H_res, h_pre and h_post, "
                + "the weight of each sublayer's output in each input, gains over depth, |λ₂| over training, and what the streams hold. "
                + "A checkpoint folder has the matrices alone, an exported file its bytes and operators, too. "
                + "docs/metrics.md says what is what.",
        };
        var html = new Option<string?>("--html")
        {
            HelpName = "FILE",
            Description = "Write the same figures, the settings and the numbers as one self-contained page instead.",
        };
        var command = new Command("inspect", "Show what a run, a checkpoint or an exported model is made of. "
            + "Weights that are not finite numbers are named, with exit code 1.")
        {
            paths, plots, html,
        };
        command.SetAction(parsed =>
        {
            (string? folder, string? file) = (parsed.GetValue(plots), parsed.GetValue(html));
            if (folder is null && file is null)
            {
                foreach (string path in parsed.GetValue(paths)!)
                    Show(path);
            }
            else
            {
                Draw(parsed.GetValue(paths)!, folder, file);
            }
        });
        return command;
    }

    private static void Show(string path)
    {
        if (Directory.Exists(path))
            CheckpointTables.Show(path);
        else
            OnnxTables.Show(OnnxModelSummary.Read(path));
    }

    private static void Draw(string[] paths, string? folder, string? file)
    {
        if (paths is [var model] && File.Exists(model))
        {
            CheckOutputs(folder, file, model);
            OnnxModelSummary summary = OnnxModelSummary.Read(model);
            Write(OnnxReport.Drawings(summary), folder, file, () => OnnxReport.Html(model, summary));
            return;
        }
        foreach (string path in paths.Where(path => !Directory.Exists(path)))
        {
            throw new DirectoryNotFoundException($"{path}: {(File.Exists(path) ? "a file" : "no such folder")}. "
                + "Figures are drawn of run folders and checkpoint folders, or of one exported file.");
        }
        CheckOutputs(folder, file,
            [.. paths.Select(Run.CheckpointOf), .. paths.Select(path => Path.Combine(path, "metrics.jsonl"))]);
        Run[] runs = Run.OpenAll(paths);
        foreach (Run run in runs.Where(run => run.Metrics is null))
            Console.Error.WriteLine($"mhc: {run.Name} has no metrics.jsonl, so nothing is drawn of its training.");
        IReadOnlyList<Drawing> drawings = Drawing.Of(runs);
        if (drawings.Count == 0)
            throw new InvalidDataException($"{string.Join(", ", paths)}: nothing to draw: no losses recorded and no stream matrices.");
        Write(drawings, folder, file, () => HtmlReport.Of(runs, drawings));
    }

    private static void CheckOutputs(string? folder, string? file, params string[] inputs)
    {
        if (file is not null)
            OutputPath.Check(file, inputs);
        if (folder is not null)
            OutputPath.CheckFolder(folder, inputs);
    }

    private static void Write(IReadOnlyList<Drawing> drawings, string? folder, string? file, Func<string> page)
    {
        // Everything is drawn before anything is written.
        if (folder is not null)
        {
            (string Path, byte[] Bytes)[] pictures =
                [.. drawings.Select(drawing => (Path.Combine(folder, $"{drawing.Name}.png"), drawing.Draw(Theme.Light).Png()))];
            Directory.CreateDirectory(folder);
            foreach ((string path, byte[] bytes) in pictures)
            {
                OutputFile.Write(path, temporary => File.WriteAllBytes(temporary, bytes));
                Console.WriteLine(path);
            }
        }
        if (file is not null)
        {
            OutputFile.Write(file, page());
            Console.WriteLine(file);
        }
    }
}
