namespace FastMlx.Chat.Tokenization;

/// <summary>
/// One character of the category N, as Unicode 17 has it: the reference asks Rust, not its regex engine.
/// </summary>
internal sealed class NumericPattern : Scanner
{
    protected override int Match(ReadOnlySpan<byte> text, int position)
    {
        int c = Utf8Text.Decode(text, position, out int length);
        bool numeric = (CharClasses.Of(c) & CharClasses.Number) != 0 || c is >= 0x11DE0 and <= 0x11DE9
            or >= 0x16FF4 and <= 0x16FF6;
        return numeric ? position + length : position;
    }
}
