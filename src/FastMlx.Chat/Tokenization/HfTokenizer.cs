using System.Buffers;
using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Microsoft.ML.Tokenizers;

namespace FastMlx.Chat.Tokenization;

/// <summary>
/// A model's tokenizer, id for id what Hugging Face's tokenizers makes of the same files. Read from tokenizer.json by
/// <see cref="Load"/>, or from a model folder by <see cref="TokenizerFolder"/>. Any number of threads may use one.
/// Lone surrogates in a text count as U+FFFD. truncation and padding of the file apply to
/// <see cref="EncodeAsReference"/> only: a prompt is never cut in silence.
/// </summary>
public sealed class HfTokenizer : Tokenizer
{
    private readonly TokenizerParts _parts;
    private readonly EncodePipeline _pipeline;
    private readonly ScratchPool _pool = new();

    internal HfTokenizer(TokenizerParts parts)
    {
        _parts = parts;
        _pipeline = new EncodePipeline(parts);
        AddedTokens = [.. parts.Vocabulary.AddedTokens];
    }

    /// <summary>The added tokens by ascending id; of doubles only the one that counts.</summary>
    public ImmutableArray<AddedToken> AddedTokens { get; }

    /// <summary>Tokens of the model and added tokens.</summary>
    public int VocabularySize => _parts.Vocabulary.Count;

    /// <summary>The largest id that a token has.</summary>
    public int MaxId => _parts.Vocabulary.MaxId;

    internal TokenVocabulary Vocabulary => _parts.Vocabulary;

    /// <summary>What the normalizer makes of a text by itself.</summary>
    internal string NormalForm(string text)
    {
        EncodeScratch scratch = _pool.Rent();
        byte[] utf8 = System.Text.Encoding.UTF8.GetBytes(text);
        string normal = System.Text.Encoding.UTF8.GetString(
            _parts.Normalizer.Normalize(utf8, 0, utf8.Length, [], scratch).Span);
        _pool.Return(scratch);
        return normal;
    }

    internal DecoderPlan DecoderPlan => _parts.Decoder;

    /// <param name="tokenizerJson">The file's bytes: UTF-8 without a byte order mark.</param>
    /// <exception cref="TokenizerException">The file is damaged or asks for something unknown.</exception>
    public static HfTokenizer Load(ReadOnlySpan<byte> tokenizerJson) => new(TokenizerJsonReader.Read(tokenizerJson));

    /// <summary>
    /// Appends the ids of a text, without the post-processor's special tokens. Without <paramref name="parseSpecial"/>
    /// the text is user data, and no <see cref="AddedToken.Control"/> token is formed from it.
    /// </summary>
    public void Encode(ReadOnlySpan<char> text, bool parseSpecial, List<int> output)
    {
        EncodeScratch scratch = _pool.Rent();
        _pipeline.Encode(text, [], allUserData: !parseSpecial, scratch);
        ReadOnlySpan<int> ids = scratch.Ids.Span;
        int start = output.Count;
        CollectionsMarshal.SetCount(output, start + ids.Length);
        ids.CopyTo(CollectionsMarshal.AsSpan(output)[start..]);
        _pool.Return(scratch);
    }

    /// <inheritdoc cref="Encode(ReadOnlySpan{char}, bool, List{int})"/>
    public void Encode(ReadOnlySpan<char> text, bool parseSpecial, IBufferWriter<int> output)
    {
        EncodeScratch scratch = _pool.Rent();
        _pipeline.Encode(text, [], allUserData: !parseSpecial, scratch);
        output.Write(scratch.Ids.Span);
        _pool.Return(scratch);
    }

    /// <summary>
    /// Appends the ids of a rendered prompt. They are what encoding the whole text at once gives, except that no
    /// <see cref="AddedToken.Control"/> token is formed inside a user span or across its border. The spans ascend and
    /// do not overlap.
    /// </summary>
    public void EncodeMarked(ReadOnlySpan<char> text, ReadOnlySpan<TextSpan> userSpans, List<int> output)
    {
        EncodeScratch scratch = _pool.Rent();
        _pipeline.Encode(text, userSpans, allUserData: false, scratch);
        output.AddRange(scratch.Ids.Span);
        _pool.Return(scratch);
    }

    /// <summary>
    /// What the reference's encode returns: with the post-processor's special tokens if wanted, truncated and padded as
    /// the file says. For tools that compare; prompts are made with the other methods.
    /// </summary>
    public List<int> EncodeAsReference(ReadOnlySpan<char> text, bool addSpecial, bool parseSpecial = true)
    {
        var ids = new List<int>();
        Encode(text, parseSpecial, ids);
        if (_parts.Truncation is { } truncation)
            truncation.Apply(ids, addSpecial ? _parts.PostProcessor.AddedCount : 0);
        var result = new List<int>();
        _parts.PostProcessor.Apply(CollectionsMarshal.AsSpan(ids), addSpecial, result);
        _parts.Padding?.Apply(result);
        return result;
    }

    /// <summary>
    /// The text of ids; unknown ids are passed over, and <see cref="AddedToken.Special"/> tokens are left out if
    /// wanted.
    /// To decode while ids arrive, see <see cref="TokenDecoder"/>.
    /// </summary>
    public string Decode(ReadOnlySpan<int> ids, bool skipSpecial)
    {
        var decoder = new TokenDecoder(this, skipSpecial);
        return decoder.DecodeAll(ids);
    }

    /// <summary>A token's own text, as the vocabulary spells it (byte-level alphabet, ▁), or null.</summary>
    public string? IdToToken(int id) => _parts.Vocabulary.TryGetText(id, out ReadOnlySpan<byte> text)
        ? System.Text.Encoding.UTF8.GetString(text)
        : null;

    /// <summary>The id of a token by its own text, added tokens first, or null.</summary>
    public int? TokenToId(string token) => _parts.Vocabulary.TryGetId(token, out int id) ? id : null;

    /// <summary>The id is an added token with the flag special.</summary>
    public bool IsSpecial(int id) => _parts.Vocabulary.IsSpecial(id);

    /// <inheritdoc/>
    public override OperationStatus Decode(IEnumerable<int> ids, Span<char> destination, out int idsConsumed,
        out int charsWritten)
    {
        int[] all = [.. ids];
        string text = Decode(all, skipSpecial: false);
        if (text.Length <= destination.Length)
        {
            text.CopyTo(destination);
            idsConsumed = all.Length;
            charsWritten = text.Length;
            return OperationStatus.Done;
        }
        // Texts of fewer ids are prefixes by whole characters: as many ids as fit.
        (idsConsumed, charsWritten) = TokenOffsets.FitInto(this, all, destination);
        return OperationStatus.DestinationTooSmall;
    }

    /// <inheritdoc/>
    protected override EncodeResults<EncodedToken> EncodeToTokens(string? text, ReadOnlySpan<char> textSpan,
        EncodeSettings settings) => TokenOffsets.Describe(this, text ?? textSpan.ToString(), settings);

    /// <inheritdoc/>
    protected override EncodeResults<int> EncodeToIds(string? text, ReadOnlySpan<char> textSpan,
        EncodeSettings settings)
    {
        string whole = text ?? textSpan.ToString();
        var ids = new List<int>();
        Encode(whole, parseSpecial: true, ids);
        if (ids.Count > settings.MaxTokenCount)
            return TokenOffsets.OnlyIds(TokenOffsets.Describe(this, whole, settings));
        return new EncodeResults<int> { Tokens = ids, CharsConsumed = whole.Length };
    }
}
