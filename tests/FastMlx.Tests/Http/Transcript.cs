using System.Runtime.CompilerServices;
using System.Text;

namespace FastMlx.Tests.Http;

/// <summary>
/// A case of a Markdown transcript: a heading, an input block, an expected block. In the input each line ends with CRLF
/// unless its last character is "\"; "\r", "\n", "\t", "\\", "\xNN" and "{NNN*c}" (a run) stand for what they say.
/// </summary>
internal sealed record Transcript(string Title, byte[] Input, string Expected)
{
    public static IEnumerable<Transcript> Load(string name, [CallerFilePath] string here = "")
    {
        string path = Path.Combine(Path.GetDirectoryName(here)!, "../../transcripts", name);
        string title = "";
        byte[]? input = null;
        List<string>? block = null;
        foreach (string line in File.ReadAllLines(path))
        {
            if (block is null && line.StartsWith("## ", StringComparison.Ordinal)) title = line[3..];
            else if (block is null && line.StartsWith("```", StringComparison.Ordinal)) block = [];
            else if (block is not null && line == "```")
            {
                if (input is null) input = Bytes(block);
                else
                {
                    yield return new Transcript(title, input, string.Concat(block.Select(text => text + "\n")));
                    input = null;
                }
                block = null;
            }
            else block?.Add(line);
        }
    }

    public override string ToString() => Title;

    private static byte[] Bytes(List<string> lines)
    {
        var bytes = new List<byte>();
        foreach (string line in lines)
        {
            bool bare = line.EndsWith('\\') && !line.EndsWith("\\\\", StringComparison.Ordinal);
            AddLine(bytes, bare ? line[..^1] : line);
            if (!bare) bytes.AddRange("\r\n"u8);
        }
        return [.. bytes];
    }

    private static void AddLine(List<byte> bytes, string line)
    {
        for (int i = 0; i < line.Length; i++)
        {
            int star = line[i] == '{' ? line.IndexOf('*', i) : -1;
            if (star > 0 && int.TryParse(line.AsSpan(i + 1, star - i - 1), out int count) && line[star + 2] == '}')
            {
                for (int n = 0; n < count; n++) bytes.Add((byte)line[star + 1]);
                i = star + 2;
            }
            else if (line[i] == '\\') bytes.Add(Escape(line, ref i));
            else bytes.AddRange(Encoding.UTF8.GetBytes([line[i]]));
        }
    }

    private static byte Escape(string line, ref int i)
    {
        char kind = line[++i];
        if (kind != 'x') return kind switch { 'r' => 13, 'n' => 10, 't' => 9, _ => (byte)kind };
        i += 2;
        return Convert.ToByte(line.Substring(i - 1, 2), 16);
    }
}
