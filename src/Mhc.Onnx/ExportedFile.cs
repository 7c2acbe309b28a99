using Google.Protobuf;
using Mhc.Onnx.Wire;

namespace Mhc.Onnx;

/// <summary>Reads what <see cref="OnnxExporter"/> has written. It is parsed, never run.</summary>
internal static class ExportedFile
{
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is not an ONNX model, or not one of ours.</exception>
    public static ModelProto Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!File.Exists(path))
            throw new FileNotFoundException(
                $"There is no file '{path}'; expected an exported model. Make one with `mhc export`, or correct the path.", path);
        ModelProto model = Parse(path);
        return model.ProducerName == OnnxMetadata.ProducerName ? model
            : throw new InvalidDataException($"'{path}' was produced by '{model.ProducerName}', expected '{OnnxMetadata.ProducerName}'. "
                + "Make one with `mhc export`.");
    }

    private static ModelProto Parse(string path)
    {
        try
        {
            using FileStream file = File.OpenRead(path);
            ModelProto model = ModelProto.Parser.ParseFrom(file);
            if (model.Graph is not null && model.OpsetImport.Count > 0)
                return model;
        }
        catch (InvalidProtocolBufferException)
        {
            // Said below: what the parser stumbled over does not help to choose the right file.
        }
        throw new InvalidDataException($"'{path}' is not an ONNX model; expected an exported one. Make one with `mhc export`.");
    }
}
