namespace Mhc.Training;

/// <summary>A model of the reference as it lies on disk.</summary>
/// <param name="ConfigName">What messages call the configuration, with its file.</param>
/// <param name="Config">The configuration as JSON text.</param>
/// <param name="File">The tensors under whatever names the file has.</param>
internal sealed record ReferenceModel(string ConfigName, string Config, ITensorFile File) : IDisposable
{
    /// <summary>Opens the reference's <c>ckpt.pt</c>, or a folder of its config.json and model.safetensors.</summary>
    public static ReferenceModel Open(string path)
    {
        if (System.IO.File.Exists(path))
            return OpenCheckpoint(path);
        string configFile = Checkpoint.ConfigFile(path), weightsFile = Checkpoint.WeightsFile(path);
        foreach (string file in new[] { configFile, weightsFile })
        {
            if (!System.IO.File.Exists(file))
            {
                throw new FileNotFoundException($"{file}: no such file. "
                    + "Expected the reference's ckpt.pt, or a folder with its config.json and model.safetensors.", file);
            }
        }
        return new(configFile, System.IO.File.ReadAllText(configFile), SafetensorsFile.Open(weightsFile));
    }

    public void Dispose() => File.Dispose();

    private static ReferenceModel OpenCheckpoint(string path)
    {
        TorchFile file = TorchFile.Open(path);
        try
        {
            return new($"{path}: config", ReferenceConfig.Json(file), file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }
}
