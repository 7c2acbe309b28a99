using Mhc.Cli.Verify;
using Mhc.Onnx;

namespace Mhc.Cli;

/// <summary>Exports beside the place where the files go and moves them there once they are verified.</summary>
internal static class VerifiedExport
{
    /// <param name="verify">Whether to compare the model with its checkpoint first.</param>
    /// <returns>What was written, and what the verification found.</returns>
    /// <exception cref="InvalidDataException">The model does not compute what the checkpoint does; nothing was written.</exception>
    public static (OnnxExportResult Result, string? Found) Run(string checkpoint, string output, OnnxExportOptions options, bool verify)
    {
        if (!verify)
            return (OnnxExporter.Export(checkpoint, output, options), null);
        string target = Path.GetDirectoryName(Path.GetFullPath(output))!;
        string folder = Path.Combine(target, $"{Path.GetFileName(output)}.{Guid.NewGuid():n}.tmp");
        Directory.CreateDirectory(folder);
        try
        {
            string model = Path.Combine(folder, Path.GetFileName(output));
            OnnxExportResult result = OnnxExporter.Export(checkpoint, model, options);
            string found = QuickVerification.Run(checkpoint, model);
            // What is replaced goes first, with the file of its weights: a model never stands beside another's.
            string replaced = $"{output}.data";
            if (File.Exists(output) && (File.Exists(replaced) || result.DataPath is not null))
            {
                File.Delete(output);
                File.Delete(replaced);
            }
            // The model last: it names the others.
            foreach (string file in Directory.EnumerateFiles(folder).OrderBy(file => file == model))
                File.Move(file, Path.Combine(target, Path.GetFileName(file)), overwrite: true);
            string? data = result.DataPath is null ? null : Path.Combine(target, Path.GetFileName(result.DataPath));
            return (result with { Path = output, DataPath = data }, found);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
