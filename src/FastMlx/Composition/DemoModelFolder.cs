using System.Reflection;
using System.Security.Cryptography;

namespace FastMlx.Composition;

/// <summary>
/// The demo model travels inside the binary; the engine wants files. They are written once into a folder that is named
/// by their content, so that a newer binary never meets an older model, and checked at each start.
/// </summary>
internal static class DemoModelFolder
{
    public const string Name = "fastmlx-demo";
    private const string Prefix = "demo/";

    /// <summary>The folder with the model's files, written where they are missing or damaged.</summary>
    public static string Extract(string homeDirectory)
    {
        Assembly assembly = typeof(DemoModelFolder).Assembly;
        string[] resources = [.. assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith(Prefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
        var contents = resources.ToDictionary(name => name[Prefix.Length..], name => Read(assembly, name));
        string folder = Path.Combine(homeDirectory, "demo-model-" + Digest(contents)[..16]);
        Directory.CreateDirectory(folder);
        foreach ((string name, byte[] content) in contents)
            WriteWhereDifferent(Path.Combine(folder, name), content);
        return folder;
    }

    private static byte[] Read(Assembly assembly, string resource)
    {
        using Stream stream = assembly.GetManifestResourceStream(resource)!;
        byte[] content = new byte[stream.Length];
        stream.ReadExactly(content);
        return content;
    }

    private static string Digest(Dictionary<string, byte[]> contents)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach ((string name, byte[] content) in contents)
        {
            hash.AppendData(System.Text.Encoding.UTF8.GetBytes(name));
            hash.AppendData(content);
        }

        return Convert.ToHexStringLower(hash.GetCurrentHash());
    }

    private static void WriteWhereDifferent(string path, byte[] content)
    {
        if (File.Exists(path) && new FileInfo(path).Length == content.Length
            && File.ReadAllBytes(path).AsSpan().SequenceEqual(content))
            return;

        // Another server may start at the same moment: write aside, then rename, which is atomic.
        string aside = $"{path}.{Environment.ProcessId}.tmp";
        File.WriteAllBytes(aside, content);
        File.Move(aside, path, overwrite: true);
    }
}
