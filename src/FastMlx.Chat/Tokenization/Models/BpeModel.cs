using System.Text;

namespace FastMlx.Chat.Tokenization;

/// <summary>
/// Byte pair encoding as the reference does it. Raw mode: pieces are bytes, possible when every character of the
/// byte-level alphabet is in the vocabulary. Otherwise pieces are characters, with byte fallback and unknown tokens.
/// </summary>
internal sealed class BpeModel : TokenModel
{
    private readonly PairTable _merges;
    private readonly BpeOptions _options;
    private readonly byte[] _prefix;
    private readonly byte[] _suffix;

    // Unknown token's id; -1: there is none, -2: it is named but not in the vocabulary, an error when needed.
    private readonly int _unknown = -1;

    // <0x00> to <0xFF>, -1 where missing.
    private readonly int[] _fallback = new int[256];

    // Raw mode: the alphabet character of each byte.
    private readonly int[] _byteIds = new int[256];
    private readonly TokenTable? _rawTokens;
    private readonly MergeBorders? _borders;

    public BpeModel(TokenTable tokens, PairTable merges, BpeOptions options, bool rawBytes)
    {
        Tokens = tokens;
        _merges = merges;
        _options = options;
        _prefix = Encoding.UTF8.GetBytes(options.ContinuingPrefix ?? "");
        _suffix = Encoding.UTF8.GetBytes(options.WordSuffix ?? "");
        if (options.UnknownToken is { } unknown)
            _unknown = tokens.TryGet(Encoding.UTF8.GetBytes(unknown), out int id) ? id : -2;
        for (int b = 0; b < 256; b++)
            _fallback[b] = tokens.TryGet(Encoding.ASCII.GetBytes($"<0x{b:X2}>"), out int id) ? id : -1;
        TakesRawBytes = rawBytes && _prefix.Length == 0 && _suffix.Length == 0 && FillByteIds();
        if (TakesRawBytes && options.IgnoreMerges)
            _rawTokens = ByteAlphabet.RawTexts(tokens);
        if (!TakesRawBytes && _prefix.Length == 0 && _suffix.Length == 0)
            _borders = MergeBorders.Of(tokens);
    }

    public override TokenTable Tokens { get; }

    public override bool TakesRawBytes { get; }

    public override void Encode(ReadOnlySpan<byte> piece, EncodeScratch scratch, IntBuffer output)
    {
        // With whole pieces looked up first, a part of a piece is not a piece: no cutting then.
        if (_borders is null || _options.IgnoreMerges)
        {
            EncodeCached(piece, scratch, output);
            return;
        }
        int start = 0;
        while (start < piece.Length)
        {
            int end = _borders.NextCut(piece, start);
            EncodeCached(piece[start..end], scratch, output);
            start = end;
        }
    }

    private void EncodeCached(ReadOnlySpan<byte> piece, EncodeScratch scratch, IntBuffer output)
    {
        if (scratch.Cache.TryAppend(piece, output))
            return;
        if (_options.IgnoreMerges && (_rawTokens ?? Tokens).TryGet(piece, out int whole))
        {
            scratch.Cache.Set(piece, [whole]);
            output.Add(whole);
            return;
        }
        MergeWork work = scratch.Merges;
        work.Clear();
        if (TakesRawBytes)
        {
            foreach (byte b in piece)
                work.Add(_byteIds[b]);
        }
        else
        {
            AddCharacters(piece, work);
        }
        ReadOnlySpan<int> ids = work.Merge(_merges);
        scratch.Cache.Set(piece, ids);
        output.Add(ids);
    }

    private void AddCharacters(ReadOnlySpan<byte> piece, MergeWork work)
    {
        bool pending = false;
        int position = 0;
        Span<byte> affixed = stackalloc byte[_prefix.Length + _suffix.Length + 4];
        while (position < piece.Length)
        {
            scoped ReadOnlySpan<byte> character = piece.Slice(position, Utf8Text.LengthOf(piece[position]));
            bool first = position == 0;
            position += character.Length;
            if (_prefix.Length + _suffix.Length > 0)
                character = Affix(character, first, position == piece.Length, affixed);
            if (Tokens.TryGet(character, out int id))
            {
                if (pending)
                    work.Add(_unknown);
                pending = false;
                work.Add(id);
            }
            else if (_options.ByteFallback && AddBytes(character, work))
            {
                // A pending unknown token stays pending: the reference emits it after the bytes.
            }
            else if (_unknown != -1)
            {
                if (_unknown == -2)
                {
                    throw new TokenizerException(
                        $"The unknown token {_options.UnknownToken} is not in the vocabulary.");
                }
                if (pending && !_options.FuseUnknown)
                    work.Add(_unknown);
                pending = true;
            }
        }
        if (pending)
            work.Add(_unknown);
    }

    private ReadOnlySpan<byte> Affix(ReadOnlySpan<byte> character, bool first, bool last, Span<byte> buffer)
    {
        int length = 0;
        if (!first)
        {
            _prefix.CopyTo(buffer);
            length = _prefix.Length;
        }
        character.CopyTo(buffer[length..]);
        length += character.Length;
        if (last)
        {
            _suffix.CopyTo(buffer[length..]);
            length += _suffix.Length;
        }
        return buffer[..length];
    }

    private bool AddBytes(ReadOnlySpan<byte> character, MergeWork work)
    {
        foreach (byte b in character)
        {
            if (_fallback[b] < 0)
                return false;
        }
        foreach (byte b in character)
            work.Add(_fallback[b]);
        return true;
    }

    private bool FillByteIds()
    {
        Span<byte> text = stackalloc byte[4];
        for (int b = 0; b < 256; b++)
        {
            int length = Utf8Text.Encode(ByteAlphabet.CharacterOf((byte)b), text);
            if (!Tokens.TryGet(text[..length], out _byteIds[b]))
                return false;
        }
        return true;
    }
}
