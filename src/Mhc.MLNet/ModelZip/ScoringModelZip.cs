using System.Runtime.CompilerServices;
using Mhc.MLNet;
using Mhc.MLNet.ModelZip;
using Microsoft.ML;
using Microsoft.ML.Runtime;

// ML.NET finds what reads a part of a zip by this attribute, in the assembly that the part names: mlContext.Model.Load needs no
// registration. The attribute and the contexts are internal to ML.NET, which offers other packages no way in; OpenMlNet.targets lets
// this compile, the next two lines let it run. They have not changed since ML.NET 1.0; the tests list every internal member relied on.
[assembly: LoadableClass(typeof(MhcScoringTransformer), typeof(ScoringModelZip), null, typeof(SignatureLoadModel),
    "mHC text scorer", ScoringModelZip.LoaderSignature)]
[assembly: IgnoresAccessChecksTo("Microsoft.ML.Core")]
[assembly: IgnoresAccessChecksTo("Microsoft.ML.Data")]

namespace Mhc.MLNet.ModelZip;

/// <summary>The transformer in an ML.NET zip: a header with our version, the options as JSON, the .onnx as an entry of its own or named.</summary>
internal static class ScoringModelZip
{
    internal const string LoaderSignature = "MhcScoringTransformer";
    internal const string ModelEntry = "model.onnx";
    private const string ModelSignature = "MHCSCORE";
    private const uint Version = 1;

    public static void Save(ModelSaveContext context, MhcScoringOptions options, OnnxFile model)
    {
        context.CheckAtModel();
        context.SetVersionInfo(new VersionInfo(
            modelSignature: ModelSignature, verWrittenCur: Version, verReadableCur: Version, verWeCanReadBack: Version,
            loaderAssemblyName: typeof(ScoringModelZip).Assembly.GetName().Name, loaderSignature: LoaderSignature));
        context.SaveNonEmptyString(ZipOptions.Write(options));
        if (options.ModelInZip)
            context.SaveBinaryStream(ModelEntry, writer => writer.Write(model.Read()));
    }

    /// <summary>Called by ML.NET, which looks for this name and these parameters.</summary>
    public static MhcScoringTransformer Create(IHostEnvironment environment, ModelLoadContext context)
    {
        _ = environment;
        context.CheckAtModel();
        if (context.Header.ModelVerReadable != Version)
            throw new InvalidDataException(
                $"The zip holds an mHC text scorer of format version {context.Header.ModelVerReadable}, this release of Mhc.MLNet reads "
                + $"version {Version}. Load it with the release that saved it, or fit and save the pipeline again with this one.");
        MhcScoringOptions options = ZipOptions.Read(context.LoadNonEmptyString());
        if (!options.ModelInZip)
            return new MhcScoringTransformer(options, OnnxFile.NamedByZip(options.ModelPath));
        byte[]? model = null;
        if (!context.TryLoadBinaryStream(ModelEntry, reader => model = ReadToEnd(reader.BaseStream)))
            throw new InvalidDataException($"The zip has no `{ModelEntry}` beside its mHC text scorer. Fit and save the pipeline again.");
        return new MhcScoringTransformer(options, OnnxFile.FromZip(model!));
    }

    private static byte[] ReadToEnd(Stream stream)
    {
        using var content = new MemoryStream();
        stream.CopyTo(content);
        return content.ToArray();
    }
}
