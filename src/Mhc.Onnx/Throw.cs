namespace Mhc.Onnx;

/// <summary>Errors that are raised in more than one place, named ExceptionType_Reason.</summary>
internal static class Throw
{
    /// <summary>One exception for all problems, a line each; none where there is no problem.</summary>
    public static void InvalidData_IfAny(IReadOnlyCollection<string> problems)
    {
        if (problems.Count > 0)
            throw new InvalidDataException(string.Join(Environment.NewLine, problems));
    }

    public static InvalidDataException InvalidData_FormatVersion(string where, int found, int supported) =>
        new($"{where}: the format version is {found}; this version of Mhc.Onnx reads {supported}. "
            + (found > supported ? "Update Mhc.Onnx." : "Train or import the model again."));
}
