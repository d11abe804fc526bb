using FastMlx.Engine.Disk;

namespace FastMlx.Tests.Engine;

/// <summary>
/// Files in memory that can fail at any operation, die in the middle of one as a killed process does, and be damaged.
/// </summary>
internal sealed class MemoryFiles : ICacheFiles
{
    public Dictionary<string, byte[]> Files { get; } = [];

    public int Operations { get; private set; }

    /// <summary>Asked before each operation; an answer is thrown.</summary>
    public Func<int, Exception?>? Fails { get; set; }

    /// <summary>From this operation on the process is dead; a write leaves a part behind.</summary>
    public int DiesAt { get; set; } = int.MaxValue;

    public IReadOnlyList<string> List()
    {
        Count();
        return [.. Files.Keys];
    }

    public long Length(string name)
    {
        Count();
        return Find(name).Length;
    }

    public void Read(string name, long offset, Span<byte> destination)
    {
        Count();
        var file = Find(name);
        if (offset + destination.Length > file.Length)
        {
            throw new EndOfStreamException();
        }

        file.AsSpan((int)offset, destination.Length).CopyTo(destination);
    }

    public void Write(string name, ReadOnlySpan<byte> head, ReadOnlySpan<byte> payload)
    {
        byte[] all = [.. head, .. payload];
        if (Operations + 1 == DiesAt)
        {
            Files[name] = all[..(all.Length * (DiesAt % 7) / 7)];
        }

        Count();
        Files[name] = all;
    }

    public void Rename(string from, string to)
    {
        Count();
        Files[to] = Find(from);
        Files.Remove(from);
    }

    public void Delete(string name)
    {
        Count();
        Files.Remove(name);
    }

    /// <summary>Flips a bit, cuts a file, or lets two files change places.</summary>
    public void Damage(Random random)
    {
        if (Files.Count == 0)
        {
            return;
        }

        var name = Files.Keys.Order().ElementAt(random.Next(Files.Count));
        var file = (byte[])Files[name].Clone();
        if (file.Length == 0)
        {
            return; // Cut to nothing before.
        }

        switch (random.Next(4))
        {
            case 0:
                Files[name] = file[..random.Next(file.Length)];
                break;
            case 1:
                var other = Files.Keys.Order().ElementAt(random.Next(Files.Count));
                (Files[name], Files[other]) = (Files[other], Files[name]);
                break;
            default:
                file[random.Next(file.Length)] ^= (byte)(1 << random.Next(8));
                Files[name] = file;
                break;
        }
    }

    private void Count()
    {
        if (++Operations >= DiesAt)
        {
            throw new ProcessDiedException();
        }

        if (Fails?.Invoke(Operations) is { } failure)
        {
            throw failure;
        }
    }

    private byte[] Find(string name) => Files.TryGetValue(name, out var file) ? file : throw new FileNotFoundException(name);
}

/// <summary>Not a failure that anything may catch: the process is gone.</summary>
internal sealed class ProcessDiedException : Exception;
