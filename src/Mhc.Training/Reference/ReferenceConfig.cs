using System.Text;
using System.Text.Json;

namespace Mhc.Training;

/// <summary>The configuration inside a <c>ckpt.pt</c>, as the JSON text that a config.json would hold.</summary>
internal static class ReferenceConfig
{
    private const int MostDepth = 8, MostValues = 10_000;

    // What the reference's GPTConfig takes: the settings of a whole run may lie around them.
    private static readonly string[] ModelKeys =
    [
        "block_size", "vocab_size", "n_layer", "n_head", "n_embd", "dropout", "bias", "hc_num_streams", "hc_num_fracs", "hc_disable", "mhc",
        "sinkhorn_iters", "sinkhorn_tau", "mhc_h_res_proj", "ns_steps", "ns_eps", "ns_coeffs", "mhc_residual_identity_mix",
        "mhc_residual_alpha", "v_residual", "v_residual_constrained", "v_residual_lamb_lr",
    ];

    /// <summary>
    /// The reference saves its model's arguments as <c>config</c>. nanoGPT saves them as <c>model_args</c> and all the settings of the run
    /// as <c>config</c>, which then only adds what the arguments lack.
    /// </summary>
    public static string Json(TorchFile file)
    {
        PickleDict? arguments = Section(file, "model_args"), config = Section(file, "config");
        IEnumerable<KeyValuePair<object, object?>> members = (arguments, config) switch
        {
            (null, null) => throw new InvalidDataException($"{file.Path}: neither `config` nor `model_args` is there, only {file.Root}. "
                + "Expected the reference's checkpoint, which says how its model was made."),
            (null, _) => config.Items,
            (_, null) => arguments.Items,
            _ => [.. arguments.Items,
                .. config.Items.Where(item => ModelKeys.Contains(item.Key) && !arguments.TryGet($"{item.Key}", out _))],
        };
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
            new Writer(file.Path, json).Object(members, depth: 0);
        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    private static PickleDict? Section(TorchFile file, string name) => !file.Root.TryGet(name, out object? value) ? null
        : value as PickleDict ?? throw new InvalidDataException($"{file.Path}: `{name}` is no dict. Expected the model's arguments.");

    /// <summary>A pickle's values can hold each other in loops, so both depth and number are bounded.</summary>
    private sealed class Writer(string path, Utf8JsonWriter json)
    {
        private int _values;

        public void Object(IEnumerable<KeyValuePair<object, object?>> members, int depth)
        {
            json.WriteStartObject();
            foreach ((object key, object? value) in members)
            {
                json.WritePropertyName($"{key}");
                Value($"{key}", value, depth + 1);
            }
            json.WriteEndObject();
        }

        private void Value(string key, object? value, int depth)
        {
            if (depth > MostDepth || ++_values > MostValues)
            {
                throw new InvalidDataException($"{path}: config: `{key}` is nested too deep or holds too much. "
                    + $"Expected at most {MostDepth} levels and {MostValues} values.");
            }
            switch (value)
            {
                case null: json.WriteNullValue(); break;
                case bool flag: json.WriteBooleanValue(flag); break;
                case long number: json.WriteNumberValue(number); break;
                case double number when double.IsFinite(number): json.WriteNumberValue(number); break;
                case string text: json.WriteStringValue(text); break;
                case PickleTuple tuple: Array(key, tuple.Items, depth); break;
                case List<object?> list: Array(key, list, depth); break;
                case PickleDict dict: Object(dict.Items, depth); break;
                default:
                    throw new InvalidDataException($"{path}: config: `{key}` is {Describe(value)}, "
                        + "expected numbers, texts and lists of them.");
            }
        }

        private void Array(string key, IEnumerable<object?> items, int depth)
        {
            json.WriteStartArray();
            foreach (object? item in items)
                Value(key, item, depth + 1);
            json.WriteEndArray();
        }

        private static string Describe(object value) => value switch
        {
            double number => FormattableString.Invariant($"{number}"),
            TensorEntry => "a tensor",
            PickleGlobal global => $"`{global.Name}`",
            _ => "a storage",
        };
    }
}
