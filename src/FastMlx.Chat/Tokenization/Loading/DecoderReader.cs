using System.Text.Json;

namespace FastMlx.Chat.Tokenization;

/// <summary>Reads the decoder of tokenizer.json. An unknown type is an error; none joins tokens with spaces.</summary>
internal sealed class DecoderReader
{
    private const int MaxDepth = 16;

    private readonly List<Func<DecodeStep>> _steps = [];

    // Tokens are one text from here on, handed on in pieces. Only Strip and one-character Replace can follow as they
    // are.
    private bool _fused;

    public static DecoderPlan Read(JsonElement element)
    {
        var reader = new DecoderReader();
        if (element.ValueKind is JsonValueKind.Null or JsonValueKind.Undefined)
            reader._steps.Add(() => new JoinDecode());
        else
            reader.Add(new JsonFields(element, "the decoder"), depth: 0);
        return new DecoderPlan(reader._steps);
    }

    private void Add(JsonFields fields, int depth)
    {
        if (depth > MaxDepth)
            throw new TokenizerException("tokenizer.json: decoders are nested too deeply.");
        switch (fields.Type)
        {
            case "Sequence":
                foreach (JsonElement part in fields.List("decoders"))
                    Add(new JsonFields(part, "a decoder"), depth + 1);
                break;
            case "Fuse":
                _fused = true;
                break;
            case "Strip":
                AddStrip(fields);
                break;
            case "Replace":
                AddReplace(fields);
                break;
            default:
                BufferIfFused();
                _steps.Add(Create(fields));
                _fused |= fields.Type == "ByteLevel";
                break;
        }
    }

    private void AddStrip(JsonFields fields)
    {
        int content = fields.Character("content"), start = fields.Number("start"), stop = fields.Number("stop");
        bool wholeText = _fused;
        _steps.Add(() => new StripDecode(content, start, stop, wholeText));
    }

    private void AddReplace(JsonFields fields)
    {
        CutPattern pattern = PatternReader.Read(fields);
        string content = fields.Text("content");
        if (pattern is not LiteralPattern { IsOneCharacter: true })
            BufferIfFused();
        _steps.Add(() => new ReplaceDecode(pattern, content));
    }

    private void BufferIfFused()
    {
        if (_fused)
            _steps.Add(() => new BufferedFuseDecode());
    }

    private static Func<DecodeStep> Create(JsonFields fields)
    {
        switch (fields.Type)
        {
            case "ByteLevel":
                _ = fields.Flag("add_prefix_space");
                _ = fields.Flag("trim_offsets");
                return () => new ByteLevelDecode();
            case "ByteFallback":
                return () => new ByteFallbackDecode();
            case "Metaspace":
                int replacement = fields.Character("replacement");
                PrependScheme scheme = PreTokenizerReader.Scheme(fields);
                return () => new MetaspaceDecode(replacement, scheme);
            case "WordPiece":
                string prefix = fields.Text("prefix");
                bool cleanUp = fields.Flag("cleanup");
                return () => new WordPieceDecode(prefix, cleanUp);
            case "BPEDecoder":
                string suffix = fields.Text("suffix");
                return () => new SuffixDecode(suffix);
            case "CTC":
                string pad = fields.Text("pad_token"), delimiter = fields.Text("word_delimiter_token");
                bool clean = fields.Flag("cleanup");
                return () => new CtcDecode(pad, delimiter, clean);
            default:
                throw fields.UnknownType();
        }
    }
}
