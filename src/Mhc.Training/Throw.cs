namespace Mhc.Training;

/// <summary>Errors that are raised in more than one place, named ExceptionType_Reason.</summary>
internal static class Throw
{
    /// <summary>One exception for all problems, a line each; none where there is no problem.</summary>
    public static void InvalidData_IfAny(IEnumerable<string> problems)
    {
        string[] all = [.. problems];
        if (all.Length > 0)
            throw new InvalidDataException(string.Join(Environment.NewLine, all));
    }

    /// <inheritdoc cref="InvalidData_IfAny"/>
    public static void Argument_IfAny(IEnumerable<string> problems)
    {
        string[] all = [.. problems];
        if (all.Length > 0)
            throw new ArgumentException(string.Join(Environment.NewLine, all));
    }
}
