using System.Globalization;

namespace FastMlx.Chat.Templates;

/// <summary>json.dumps() as chat templates use it: nothing is escaped for HTML, separators are Python's.</summary>
internal sealed class JsonText(TextBuilder builder, Budget budget)
{
    public bool EnsureAscii { get; init; }

    /// <summary>Null: on one line.</summary>
    public string? Indent { get; init; }

    public bool SortKeys { get; init; }

    public string ItemSeparator { get; init; } = ", ";

    public string KeySeparator { get; init; } = ": ";

    public void Append(Value value, int depth = 0)
    {
        budget.EnterData();
        budget.Charge();
        switch (value)
        {
            case StringValue text:
                AppendText(text);
                break;
            case NoneValue:
                builder.Append("null");
                break;
            case BooleanValue boolean:
                builder.Append(boolean.Value ? "true" : "false");
                break;
            case IntegerValue integer:
                builder.Append(PythonText.OfInteger(integer));
                break;
            case FloatValue number:
                builder.Append(OfFloat(number.Number));
                break;
            case ListValue list:
                AppendItems(list.Items, depth);
                break;
            case TupleValue tuple:
                AppendItems(tuple.Items, depth);
                break;
            case DictionaryValue dictionary:
                AppendMembers(dictionary, depth);
                break;
            default:
                throw TemplateException.Type($"Object of type {value.TypeName} is not JSON serializable");
        }

        budget.LeaveData();
    }

    private static string OfFloat(double number) => double.IsNaN(number) ? "NaN"
        : double.IsInfinity(number) ? (number > 0 ? "Infinity" : "-Infinity")
        : PythonText.OfFloat(number);

    private void AppendItems(IReadOnlyList<Value> items, int depth)
    {
        if (items.Count == 0)
        {
            builder.Append("[]");
            return;
        }

        builder.Append('[');
        for (int i = 0; i < items.Count; i++)
        {
            if (i > 0)
                builder.Append(ItemSeparator);
            AppendNewLine(depth + 1);
            Append(items[i], depth + 1);
        }

        AppendNewLine(depth);
        builder.Append(']');
    }

    private void AppendMembers(DictionaryValue dictionary, int depth)
    {
        if (dictionary.Length == 0)
        {
            builder.Append("{}");
            return;
        }

        builder.Append('{');
        bool first = true;
        foreach ((Value key, Value value) in Members(dictionary))
        {
            if (!first)
                builder.Append(ItemSeparator);
            first = false;
            AppendNewLine(depth + 1);
            AppendKey(key);
            builder.Append(KeySeparator);
            Append(value, depth + 1);
        }

        AppendNewLine(depth);
        builder.Append('}');
    }

    private IEnumerable<KeyValuePair<Value, Value>> Members(DictionaryValue dictionary)
    {
        if (!SortKeys)
            return dictionary.Entries;
        var entries = new List<Value>();
        var keys = new List<Value>();
        foreach ((Value key, Value value) in dictionary.Entries)
        {
            keys.Add(key);
            entries.Add(new TupleValue([key, value]));
        }

        Comparison.Sort(entries, keys, reverse: false, budget);
        return entries.Select(e => new KeyValuePair<Value, Value>(((TupleValue)e).Items[0], ((TupleValue)e).Items[1]));
    }

    private void AppendKey(Value key)
    {
        switch (key)
        {
            case StringValue text:
                AppendText(text);
                break;
            case NoneValue:
                builder.Append("\"null\"");
                break;
            case BooleanValue boolean:
                builder.Append(boolean.Value ? "\"true\"" : "\"false\"");
                break;
            case IntegerValue integer:
                builder.Append('"' + PythonText.OfInteger(integer) + '"');
                break;
            case FloatValue number:
                builder.Append('"' + OfFloat(number.Number) + '"');
                break;
            default:
                throw TemplateException.Type(
                    $"keys must be str, int, float, bool or None, not {key.TypeName}");
        }
    }

    private void AppendNewLine(int depth)
    {
        if (Indent is null)
            return;
        builder.Append('\n');
        for (int i = 0; i < depth; i++)
            builder.Append(Indent);
    }

    private void AppendText(StringValue value)
    {
        string text = value.Text;
        builder.Append('"');
        int copied = 0;
        for (int i = 0; i < text.Length; i++)
        {
            char character = text[i];
            if (character is >= ' ' and not ('"' or '\\') && (!EnsureAscii || character < '\x7f'))
                continue;
            builder.Append(value, copied, i);
            builder.Append(Escape(character), Marks.FirstOrigin(Marks.Slice(value.Marks, i, i + 1)));
            copied = i + 1;
        }

        builder.Append(value, copied, text.Length);
        builder.Append('"');
    }

    private static string Escape(char character) => character switch
    {
        '"' => "\\\"",
        '\\' => "\\\\",
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        '\f' => "\\f",
        '\b' => "\\b",
        _ => "\\u" + ((int)character).ToString("x4", CultureInfo.InvariantCulture),
    };
}
