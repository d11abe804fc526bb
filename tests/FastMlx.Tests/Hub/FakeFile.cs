using System.Security.Cryptography;
using System.Text;

namespace FastMlx.Tests.Hub;

#pragma warning disable CA5350 // SHA-1 is how git names a file; the protocol has it.

/// <summary>A file that a <see cref="FakeHub"/> serves; its lies are settable.</summary>
internal sealed class FakeFile(string name, byte[] content, bool isLarge)
{
    public string Name { get; } = name;
    public byte[] Content { get; } = content;

    /// <summary>
    /// Large files are announced with SHA-256 and come from the second host, small ones from the hub itself.
    /// </summary>
    public bool IsLarge { get; } = isLarge;

    public string Hash { get; set; } = isLarge
        ? Convert.ToHexStringLower(SHA256.HashData(content))
        : Convert.ToHexStringLower(SHA1.HashData([.. Encoding.ASCII.GetBytes($"blob {content.Length}\0"), .. content]));

    public long AnnouncedSize { get; set; } = content.Length;

    /// <summary>What is really sent; the same object as <see cref="Content"/> unless a test lies.</summary>
    public byte[] Body { get; set; } = content;
}
