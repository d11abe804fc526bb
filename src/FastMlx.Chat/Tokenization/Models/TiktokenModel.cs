using System.Buffers;
using System.Buffers.Text;
using System.Text;
using Microsoft.ML.Tokenizers;

namespace FastMlx.Chat.Tokenization;

/// <summary>
/// A file of ranks (base64 and rank, one token a line) without a tokenizer.json: the package's Tiktoken encodes each
/// piece; the cutting is ours.
/// </summary>
internal sealed class TiktokenModel : TokenModel
{
    private readonly TiktokenTokenizer _package;

    public TiktokenModel(byte[] file)
    {
        try
        {
            _package = TiktokenTokenizer.Create(new MemoryStream(file), preTokenizer: null, normalizer: null);
            Tokens = ReadTokens(file);
        }
        catch (Exception e) when (e is FormatException or ArgumentException or InvalidOperationException)
        {
            throw new TokenizerException("The tiktoken file is damaged: " + e.Message, e);
        }
    }

    public override TokenTable Tokens { get; }

    public override bool TakesRawBytes => true;

    public override void Encode(ReadOnlySpan<byte> piece, EncodeScratch scratch, IntBuffer output)
    {
        if (scratch.Cache.TryAppend(piece, output))
            return;
        IntBuffer ids = scratch.PieceIds;
        ids.Clear();
        IReadOnlyList<int> found = _package.EncodeToIds(Encoding.UTF8.GetString(piece), considerPreTokenization: false,
            considerNormalization: false);
        foreach (int id in found)
            ids.Add(id);
        scratch.Cache.Set(piece, ids.Span);
        output.Add(ids.Span);
    }

    // Texts in the byte-level alphabet, so that the decoder is the one of tokenizer.json.
    private static TokenTable ReadTokens(ReadOnlySpan<byte> file)
    {
        var tokens = new TokenTable(file.Length / 16 + 16);
        var alphabet = new ByteBuffer();
        byte[] bytes = new byte[1024];
        foreach (Range range in file.Split((byte)'\n'))
        {
            ReadOnlySpan<byte> line = file[range].TrimEnd((byte)'\r');
            int space = line.IndexOf((byte)' ');
            if (line.IsEmpty)
                continue;
            if (space < 0 || !Utf8Parser.TryParse(line[(space + 1)..], out int rank, out _) || rank < 0)
                throw new FormatException("a line is not a token and its rank");
            if (bytes.Length < space)
                bytes = new byte[space];
            OperationStatus status = Base64.DecodeFromUtf8(line[..space], bytes, out _, out int length);
            if (status != OperationStatus.Done)
                throw new FormatException("a token is not base64");
            alphabet.Clear();
            foreach (byte b in bytes.AsSpan(0, length))
                alphabet.AppendRune(ByteAlphabet.CharacterOf(b));
            tokens.Add(alphabet.Span, rank);
        }
        tokens.Seal();
        return tokens;
    }
}
