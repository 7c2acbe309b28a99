using Microsoft.ML.OnnxRuntime;

namespace Mhc.MLNet.Scoring;

/// <summary>A model that is open: its session, what it says about itself, and where it runs.</summary>
internal sealed record OpenModel(SharedSession Session, TextModel Text, MhcDevice Device, string? WhyNotCuda)
{
    /// <param name="owner">What callers know the model by: the type that an <see cref="ObjectDisposedException"/> names.</param>
    public static OpenModel Open(
        Func<SessionOptions, InferenceSession> open, MhcSessionOptions options, ModelTask task, string source, Type owner)
    {
        options.Validate();
        (InferenceSession session, MhcDevice device, string? whyNotCuda) = SessionFactory.Open(open, options, source);
        try
        {
            var text = TextModel.Read(
                session.ModelMetadata.CustomMetadataMap, session.InputNames, session.OutputNames, task, source);
            return new(new SharedSession(session, owner, options.RunsOn(device)), text, device, whyNotCuda);
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    public static string Existing(string modelPath)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(modelPath);
        return File.Exists(modelPath) ? modelPath : throw new FileNotFoundException(
            $"{modelPath} does not exist. Make it with `mhc export`, or correct the path.", modelPath);
    }
}
