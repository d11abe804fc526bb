using System.Text.Json;

namespace FastMlx.Hub;

/// <summary>
/// What the hub says a repository holds at one commit: the needed files, with SHA-256 where it gave one.
/// </summary>
internal sealed record RepositoryListing(string Commit, IReadOnlyList<(string Name, string? Sha256)> Files)
{
    /// <summary>Reads `/api/models/{name}/revision/{revision}?blobs=true`.</summary>
    public static RepositoryListing Parse(ModelName name, byte[] json, int filesMax)
    {
        try
        {
            return JsonFile.Read($"the hub's list of {name}", json, root => Read(name, root, filesMax));
        }
        catch (ModelFileException e)
        {
            throw new HubException(HubProblem.Protocol, $"The hub's list of {name}'s files cannot be read.", e);
        }
    }

    private static RepositoryListing Read(ModelName name, JsonElement root, int filesMax)
    {
        string? commit = root.Text("sha");
        if (commit is null || !Revisions.IsCommit(commit)
            || root.Child("siblings") is not { ValueKind: JsonValueKind.Array } siblings)
            throw new HubException(HubProblem.Protocol, $"The hub's list of {name} lacks a commit or its files.");
        var files = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
        foreach (JsonElement sibling in siblings.EnumerateArray())
        {
            string? file = sibling.Text("rfilename");
            if (file is null || NeededFiles.IsHostile(file))
                throw new HubException(HubProblem.Hostile,
                    $"{name} lists a file whose name could leave its folder. Nothing was downloaded.");
            // Names that differ in case only would be one file on a Mac's disk.
            if (NeededFiles.IsNeeded(file) && !files.TryAdd(file, sibling.Object("lfs")?.Text("sha256")))
                throw new HubException(HubProblem.Hostile, $"{name} lists {file} twice. Nothing was downloaded.");
        }
        if (files.Count > filesMax)
            throw new HubException(HubProblem.Hostile, $"{name} lists more than {filesMax} files.");
        CheckIsMlx(name, files);
        return new RepositoryListing(commit, [.. files.Select(f => (f.Key, f.Value))]);
    }

    private static void CheckIsMlx(ModelName name, Dictionary<string, string?> files)
    {
        if (!files.ContainsKey("config.json") || !files.Keys.Any(NeededFiles.IsWeights))
            throw new HubException(HubProblem.NotMlx,
                $"{name} has no config.json with model*.safetensors, so it is not a model in MLX format. "
                + "Look for one at mlx-community.");
    }
}
