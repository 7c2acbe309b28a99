using System.Buffers.Binary;
using System.Collections;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Mhc.Testing;

/// <summary>
/// Writes what Python's <c>pickle</c> writes with protocol 2 for the values of a checkpoint. A pickle is a program for a stack machine:
/// <code>
/// 80 02                       PROTO 2
/// 7d 71 00                    EMPTY_DICT, BINPUT 0: keep it in the memo
/// 28                          MARK
///   58 05000000 "model" 71 01   BINUNICODE with its length, BINPUT 1
///   …                           the value
/// 75                          SETITEMS: the pairs above the mark go into the dict below it
/// 2e                          STOP
/// </code>
/// A tensor is a call: GLOBAL <c>torch._utils _rebuild_tensor_v2</c>, a tuple of (storage, offset, shape, strides, requires_grad,
/// OrderedDict()), REDUCE. Its storage is a BINPERSID on ("storage", GLOBAL <c>torch FloatStorage</c>, key, device, elements).
/// </summary>
public sealed class PickleWriter
{
    private readonly List<byte> _bytes = [];
    private readonly Dictionary<string, int> _memo = [];
    private int _memoized;

    public PickleWriter() => Raw(0x80, 2);

    /// <summary>A pickle of one value.</summary>
    public static byte[] Pickle(object? value) => new PickleWriter().Value(value).Finish();

    public byte[] Finish()
    {
        Raw((byte)'.');
        return [.. _bytes];
    }

    /// <summary>Instructions as they are.</summary>
    public PickleWriter Raw(params ReadOnlySpan<byte> bytes)
    {
        _bytes.AddRange(bytes);
        return this;
    }

    /// <param name="value">null, bool, int, long, double, string, array (tuple), list, dictionary, JSON or a record of TorchSave.</param>
    public PickleWriter Value(object? value) => value switch
    {
        null => Raw((byte)'N'),
        bool flag => Raw(flag ? (byte)0x88 : (byte)0x89),
        int number => Value((long)number),
        long number => Integer(number),
        double number => Double(number),
        string text => Text(text),
        JsonValue json => Json(json),
        JsonObject json => Dict(json.Select(member => KeyValuePair.Create((object)member.Key, (object?)member.Value))),
        JsonArray json => Tuple([.. json]),
        TorchSave.Tensor tensor => Tensor(tensor),
        TorchSave.StateDict state => StateDict(state),
        object?[] items => Tuple(items),
        IDictionary dict => Dict(dict.Keys.Cast<object>().Select(key => KeyValuePair.Create(key, dict[key]))),
        IEnumerable items => List([.. items.Cast<object?>()]),
        _ => throw new ArgumentException($"{value.GetType()} has no pickle here.", nameof(value)),
    };

    /// <summary>A class or function by its module and name; "torch FloatStorage".</summary>
    public PickleWriter Global(string name)
    {
        if (Recalled(name))
            return this;
        Raw((byte)'c').Raw(Encoding.UTF8.GetBytes(name.Replace(' ', '\n') + "\n"));
        return Memoize(name);
    }

    public PickleWriter Tuple(params object?[] items) => Tuple([.. items.Select(item => (Action)(() => Value(item)))]);

    private PickleWriter Tuple(Action[] items)
    {
        if (items.Length == 0)
            return Raw((byte)')');
        if (items.Length > 3)
            Raw((byte)'(');
        foreach (Action item in items)
            item();
        return Raw(items.Length > 3 ? (byte)'t' : (byte)(0x84 + items.Length)).Memoize();
    }

    private PickleWriter List(object?[] items)
    {
        Raw((byte)']').Memoize();
        if (items.Length > 0)
            Raw((byte)'(');
        foreach (object? item in items)
            Value(item);
        return items.Length > 0 ? Raw((byte)'e') : this;
    }

    private PickleWriter Dict(IEnumerable<KeyValuePair<object, object?>> items) => Raw((byte)'}').Memoize().Items([.. items]);

    private PickleWriter Items(KeyValuePair<object, object?>[] items)
    {
        if (items.Length == 0)
            return this;
        if (items.Length > 1)
            Raw((byte)'(');
        foreach ((object key, object? value) in items)
            Value(key).Value(value);
        return Raw(items.Length > 1 ? (byte)'u' : (byte)'s');
    }

    private PickleWriter OrderedDict() => Global("collections OrderedDict").Raw((byte)')', (byte)'R').Memoize();

    private PickleWriter StateDict(TorchSave.StateDict state)
    {
        OrderedDict().Items([.. state.Tensors.Select(tensor => KeyValuePair.Create((object)tensor.Name, (object?)tensor.Tensor))]);
        // The object's __dict__: the versions of the modules.
        return Value(new JsonObject { ["_metadata"] = new JsonObject { [""] = new JsonObject { ["version"] = 1 } } }).Raw((byte)'b');
    }

    private PickleWriter Tensor(TorchSave.Tensor tensor)
    {
        Global("torch._utils _rebuild_tensor_v2");
        Tuple([
            () =>
            {
                Tuple([
                    () => Value("storage"), () => Global($"torch {tensor.Storage}"), () => Value(tensor.Key), () => Value("cpu"),
                    () => Value(tensor.Elements),
                ]);
                Raw((byte)'Q');
            },
            () => Value(tensor.Offset),
            () => Tuple([.. tensor.Shape.Cast<object?>()]),
            () => Tuple([.. tensor.Strides.Cast<object?>()]),
            () => Value(false),
            () => OrderedDict(),
        ]);
        return Raw((byte)'R').Memoize();
    }

    private PickleWriter Json(JsonValue json) => json.GetValueKind() switch
    {
        JsonValueKind.String => Text(json.GetValue<string>()),
        JsonValueKind.True => Value(true),
        JsonValueKind.False => Value(false),
        _ when long.TryParse(json.ToJsonString(), CultureInfo.InvariantCulture, out long integer) => Integer(integer),
        _ => Double(double.Parse(json.ToJsonString(), CultureInfo.InvariantCulture)),
    };

    private PickleWriter Integer(long value)
    {
        Span<byte> digits = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(digits, value);
        return value switch
        {
            >= 0 and <= byte.MaxValue => Raw((byte)'K').Raw(digits[..1]),
            >= 0 and <= ushort.MaxValue => Raw((byte)'M').Raw(digits[..2]),
            >= int.MinValue and <= int.MaxValue => Raw((byte)'J').Raw(digits[..4]),
            _ => Raw(0x8A, 8).Raw(digits),
        };
    }

    private PickleWriter Double(double value)
    {
        Span<byte> digits = stackalloc byte[8];
        BinaryPrimitives.WriteDoubleBigEndian(digits, value);
        return Raw((byte)'G').Raw(digits);
    }

    private PickleWriter Text(string text)
    {
        if (Recalled($"'{text}'"))
            return this;
        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        Raw((byte)'X').Raw(BitConverter.GetBytes(utf8.Length)).Raw(utf8);
        return Memoize($"'{text}'");
    }

    private bool Recalled(string name)
    {
        if (!_memo.TryGetValue(name, out int index))
            return false;
        Memo((byte)'h', (byte)'j', index);
        return true;
    }

    private PickleWriter Memoize(string? name = null)
    {
        if (name is not null)
            _memo.Add(name, _memoized);
        return Memo((byte)'q', (byte)'r', _memoized++);
    }

    private PickleWriter Memo(byte shortOpcode, byte longOpcode, int index) =>
        index <= byte.MaxValue ? Raw(shortOpcode, (byte)index) : Raw(longOpcode).Raw(BitConverter.GetBytes(index));
}
