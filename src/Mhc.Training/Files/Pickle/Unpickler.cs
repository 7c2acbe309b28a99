namespace Mhc.Training;

/// <summary>
/// Reads a pickle as data. A pickle is a program for a stack machine that can import any Python module and call any function in it.
/// This machine has the instructions that make dicts, lists, tuples, numbers and texts, and the few names that PyTorch writes for a
/// tensor (<see cref="TorchObjects"/>); it refuses every other by name and place. Nothing is imported, looked up or called.
/// </summary>
/// <remarks>Values hold each other without being walked, so neither deep nesting nor loops cost anything here.</remarks>
internal sealed class Unpickler
{
    /// <summary>Several times what a model of 48 blocks takes together with its optimizer's state.</summary>
    public const int MostInstructions = 1_000_000;
    private const int MostOpenMarks = 64;

    private readonly PickleBytes _bytes;
    private readonly List<object?> _stack = [];
    private readonly Stack<int> _marks = new(); // The height of the stack at each MARK that is not closed yet.
    private readonly Dictionary<uint, object?> _memo = [];

    private Unpickler(PickleBytes bytes) => _bytes = bytes;

    /// <summary>The one value that a pickle leaves.</summary>
    /// <exception cref="InvalidDataException">The pickle is damaged, or does what data need not do.</exception>
    public static object? Read(byte[] pickle, string name) => new Unpickler(new PickleBytes(pickle, name)).Run();

    private object? Run()
    {
        if (_bytes.NextOpcode() != PickleOpcode.PROTO || _bytes.Byte() != 2)
            throw _bytes.Refuse("another pickle protocol than 2, torch.save's own,");
        for (int instructions = 1; instructions < MostInstructions; instructions++)
        {
            PickleOpcode opcode = _bytes.NextOpcode();
            if (opcode != PickleOpcode.STOP)
                Execute(opcode);
            else if (_stack.Count == 1 && _marks.Count == 0)
                return _stack[0];
            else
                throw _bytes.Bad($"the end leaves {_stack.Count} values, expected one");
        }
        throw _bytes.Refuse($"a pickle of more than {MostInstructions} instructions");
    }

    private void Execute(PickleOpcode opcode)
    {
        switch (opcode)
        {
            case PickleOpcode.NONE: Push(null); break;
            case PickleOpcode.NEWTRUE: Push(true); break;
            case PickleOpcode.NEWFALSE: Push(false); break;
            case PickleOpcode.BININT: Push((long)_bytes.Int32()); break;
            case PickleOpcode.BININT1: Push((long)_bytes.Byte()); break;
            case PickleOpcode.BININT2: Push((long)_bytes.UInt16()); break;
            case PickleOpcode.LONG1: Push(_bytes.Long1()); break;
            case PickleOpcode.BINFLOAT: Push(_bytes.Double()); break;
            case PickleOpcode.BINUNICODE: Push(_bytes.Text()); break;
            case PickleOpcode.MARK: Mark(); break;
            case PickleOpcode.EMPTY_TUPLE: Push(PickleTuple.Empty); break;
            case PickleOpcode.TUPLE1: Push(new PickleTuple(Pop(1))); break;
            case PickleOpcode.TUPLE2: Push(new PickleTuple(Pop(2))); break;
            case PickleOpcode.TUPLE3: Push(new PickleTuple(Pop(3))); break;
            case PickleOpcode.TUPLE: Push(new PickleTuple(PopToMark())); break;
            case PickleOpcode.EMPTY_LIST: Push(new List<object?>()); break;
            case PickleOpcode.APPEND: Append(Pop(1)); break;
            case PickleOpcode.APPENDS: Append(PopToMark()); break;
            case PickleOpcode.EMPTY_DICT: Push(new PickleDict()); break;
            case PickleOpcode.SETITEM: SetItems(Pop(2)); break;
            case PickleOpcode.SETITEMS: SetItems(PopToMark()); break;
            case PickleOpcode.BINPUT: _memo[_bytes.Byte()] = Peek(); break;
            case PickleOpcode.LONG_BINPUT: _memo[_bytes.UInt32()] = Peek(); break;
            case PickleOpcode.BINGET: Push(Recall(_bytes.Byte())); break;
            case PickleOpcode.LONG_BINGET: Push(Recall(_bytes.UInt32())); break;
            case PickleOpcode.GLOBAL: Push(Global($"{_bytes.Line()}.{_bytes.Line()}")); break;
            case PickleOpcode.BINPERSID: Push(TorchObjects.Storage(Pop(1)[0], _bytes)); break;
            case PickleOpcode.REDUCE: Reduce(); break;
            case PickleOpcode.BUILD: Build(Pop(1)[0]); break;
            default:
                throw _bytes.Refuse(Enum.IsDefined(opcode)
                    ? $"the opcode {opcode} (0x{(byte)opcode:X2})" : $"the byte 0x{(byte)opcode:X2}, no opcode,");
        }
    }

    private void Mark()
    {
        if (_marks.Count == MostOpenMarks)
            throw _bytes.Refuse($"nesting deeper than {MostOpenMarks} levels");
        _marks.Push(_stack.Count);
    }

    private PickleGlobal Global(string name) =>
        TorchObjects.Allows(name) ? new(name) : throw _bytes.Refuse($"the global `{name}`");

    private void Reduce()
    {
        object?[] operands = Pop(2);
        if (operands is not [PickleGlobal function, PickleTuple arguments])
            throw _bytes.Bad("REDUCE finds no function and tuple of arguments");
        Push(TorchObjects.Call(function, arguments.Items, _bytes));
    }

    // The one object with a state beside its items is a state dict, whose `_metadata` are the versions of its modules.
    private void Build(object? state)
    {
        if (Peek() is not PickleDict || state is not PickleDict { Items: var items } || items.Any(item => item.Key is not "_metadata"))
            throw _bytes.Refuse("BUILD of anything but the `_metadata` of a state dict");
    }

    private void Append(object?[] items)
    {
        if (Peek() is not List<object?> list)
            throw _bytes.Bad("items to append, but no list to take them");
        list.AddRange(items);
    }

    private void SetItems(object?[] items)
    {
        if (Peek() is not PickleDict dict || items.Length % 2 != 0)
            throw _bytes.Bad("keys and values, but no dict to take them");
        for (int i = 0; i < items.Length; i += 2)
        {
            // Other keys hash in ways that a file could choose to be slow.
            if (items[i] is not (string or (>= (long)int.MinValue and <= (long)int.MaxValue)))
                throw _bytes.Refuse("a key that is neither a string nor a 32-bit integer");
            if (!dict.TryAdd(items[i]!, items[i + 1]))
                throw _bytes.Bad($"the key `{items[i]}` is there twice");
        }
    }

    private void Push(object? value) => _stack.Add(value);

    private object? Peek()
    {
        RequireOnStack(1);
        return _stack[^1];
    }

    private object?[] Pop(int count)
    {
        RequireOnStack(count);
        object?[] items = [.. _stack[^count..]];
        _stack.RemoveRange(_stack.Count - count, count);
        return items;
    }

    private object?[] PopToMark()
    {
        if (!_marks.TryPeek(out int mark))
            throw _bytes.Bad("a MARK is missing");
        object?[] items = Pop(_stack.Count - mark);
        _marks.Pop();
        return items;
    }

    private void RequireOnStack(int count)
    {
        if (_stack.Count - (_marks.TryPeek(out int mark) ? mark : 0) < count)
            throw _bytes.Bad("the stack is empty");
    }

    private object? Recall(uint index) =>
        _memo.TryGetValue(index, out object? value) ? value : throw _bytes.Bad($"nothing was kept under {index}");
}
