using System.Text;

namespace FastMlx.Chat.Tokenization;

/// <summary>Makes our BPE of a SentencePiece model, as the reference's converter does.</summary>
internal static class SentencePieceMerges
{
    public static BpeModel Create(SentencePieceProto proto)
    {
        var tokens = new TokenTable(proto.Pieces.Count + 1);
        for (int id = 0; id < proto.Pieces.Count; id++)
            tokens.Add(Encoding.UTF8.GetBytes(proto.Pieces[id].Text), id);
        tokens.Seal();
        var options = new BpeOptions
        {
            UnknownToken = proto.UnknownToken,
            FuseUnknown = true,
            ByteFallback = proto.ByteFallback,
        };
        return new BpeModel(tokens, Merges(proto, tokens), options, rawBytes: false);
    }

    // Every way to put a piece together from two others is a merge; better pieces first, then longer left parts, then
    // longer right parts, then smaller ids.
    private static PairTable Merges(SentencePieceProto proto, TokenTable tokens)
    {
        var merges = new List<Merge>();
        for (int id = 0; id < proto.Pieces.Count; id++)
            AddSplits(proto.Pieces[id].Text, proto.Pieces[id].Score, id, tokens, merges);
        int[] order = [.. Enumerable.Range(0, merges.Count)
            .OrderByDescending(i => merges[i].Score).ThenByDescending(i => merges[i].LeftLength)
            .ThenByDescending(i => merges[i].RightLength)];
        var table = new PairTable(Math.Max(merges.Count, 16));
        for (int rank = 0; rank < order.Length; rank++)
        {
            Merge merge = merges[order[rank]];
            table.Set(merge.Left, merge.Right, rank, merge.Id);
        }
        return table;
    }

    private static void AddSplits(string text, float score, int id, TokenTable tokens, List<Merge> merges)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        int first = merges.Count;
        int leftLength = 0;
        int characters = utf8.Count(b => (b & 0xC0) != 0x80);
        for (int cut = Utf8Text.LengthOf(utf8.Length > 0 ? utf8[0] : (byte)0); cut < utf8.Length;
            cut += Utf8Text.LengthOf(utf8[cut]))
        {
            leftLength++;
            if (tokens.TryGet(utf8.AsSpan(0, cut), out int left) && tokens.TryGet(utf8.AsSpan(cut), out int right))
                merges.Add(new Merge(left, right, id, score, leftLength, characters - leftLength));
        }
        merges.Sort(first, merges.Count - first,
            Comparer<Merge>.Create((a, b) => (a.Left, a.Right).CompareTo((b.Left, b.Right))));
    }

    private readonly record struct Merge(int Left, int Right, int Id, float Score, int LeftLength, int RightLength);
}
