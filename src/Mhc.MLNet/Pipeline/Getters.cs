using Microsoft.ML;

namespace Mhc.MLNet.Pipeline;

/// <summary>The two checks that ML.NET asks of everything that hands out getters.</summary>
internal static class Getters
{
    public static void CheckActive(DataViewRow row, DataViewSchema.Column column)
    {
        if (!row.IsColumnActive(column))
            throw new InvalidOperationException($"The column '{column.Name}' is not among those that the row or cursor was opened for.");
    }

    public static ValueGetter<TValue> As<TValue>(Delegate getter, DataViewSchema.Column column) =>
        getter as ValueGetter<TValue> ?? throw new InvalidOperationException(
            $"Invalid TValue in GetGetter for column '{column.Name}': '{typeof(TValue)}', expected '{column.Type.RawType}'.");
}
