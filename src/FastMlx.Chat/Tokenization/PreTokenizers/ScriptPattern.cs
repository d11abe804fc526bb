namespace FastMlx.Chat.Tokenization;

/// <summary>
/// Cuts where the script changes. Han, Hiragana, Katakana and the long vowel sign are one script; spaces and unassigned
/// characters belong to any.
/// </summary>
internal sealed class ScriptPattern : CutPattern
{
    private const int Any = -1;
    private const int None = -2;

    private readonly UnicodeScriptTable _table = UnicodeScriptTable.Instance;
    private readonly int _han;
    private readonly int _hiragana;
    private readonly int _katakana;

    public ScriptPattern()
    {
        _han = _table.NumberOf("Han");
        _hiragana = _table.NumberOf("Hiragana");
        _katakana = _table.NumberOf("Katakana");
    }

    public override void CutAll(ReadOnlySpan<byte> text, int offset, CutList output, EncodeScratch scratch)
    {
        int last = None;
        int start = -1;
        int position = 0;
        while (position < text.Length)
        {
            int script = ScriptOf(Utf8Text.Decode(text, position, out int length));
            if (script != Any && script != last)
            {
                // What stands in front of the first script is in no piece, as in the reference.
                if (start >= 0)
                    output.Add(offset + start, offset + position, isMatch: true);
                start = position;
            }
            if (script != Any)
                last = script;
            position += length;
        }
        if (start >= 0)
            output.Add(offset + start, offset + text.Length, isMatch: true);
    }

    private int ScriptOf(int c)
    {
        if (c == ' ')
            return Any;
        int script = c == 0x30FC ? _han : _table.InUnicode9(c);
        return script == _hiragana || script == _katakana ? _han : script;
    }
}
