using System.Reflection;
using System.Text.Json;
using BenchmarkDotNet.Attributes;

namespace FastMlx.Benchmarks;

/// <summary>
/// Runs each benchmark's body a few thousand times and compares the bytes that it allocates per call with
/// perf/ceilings.json. Counts, unlike times, are the same on every machine.
/// </summary>
internal static class Ceilings
{
    private const int WarmUp = 200;
    private const int Calls = 1000;

    public static int Check()
    {
        using JsonDocument file = JsonDocument.Parse(File.ReadAllText(Path.Combine(Root(), "perf", "ceilings.json")));
        JsonElement ceilings = file.RootElement.GetProperty("allocated_bytes_per_call");
        int wrong = 0;
        var seen = new HashSet<string>();
        foreach (MethodInfo method in Benchmarks())
        {
            string name = $"{method.DeclaringType!.Name}.{method.Name}";
            seen.Add(name);
            double bytes = Measure(method);
            bool known = ceilings.TryGetProperty(name, out JsonElement ceiling);
            bool holds = known && bytes <= ceiling.GetDouble();
            wrong += holds ? 0 : 1;
            string most = known ? ceiling.GetRawText() : "missing";
            Console.WriteLine($"{(holds ? "ok    " : "FAILED")} {name}: {bytes:F1} bytes a call, ceiling {most}");
        }

        foreach (JsonProperty stale in ceilings.EnumerateObject().Where(c => !seen.Contains(c.Name)))
        {
            wrong++;
            Console.WriteLine($"FAILED {stale.Name}: a ceiling without a benchmark");
        }

        return wrong == 0 ? 0 : 1;
    }

    private static IEnumerable<MethodInfo> Benchmarks() =>
        from type in typeof(Ceilings).Assembly.GetTypes()
        from method in type.GetMethods()
        where method.GetCustomAttribute<BenchmarkAttribute>() is not null
        orderby type.Name, method.Name
        select method;

    private static double Measure(MethodInfo method)
    {
        object subject = Activator.CreateInstance(method.DeclaringType!)!;
        foreach (MethodInfo setup in method.DeclaringType!.GetMethods())
        {
            if (setup.GetCustomAttribute<GlobalSetupAttribute>() is not null)
                setup.Invoke(subject, null);
        }

        Action call = method.ReturnType == typeof(void)
            ? method.CreateDelegate<Action>(subject)
            : Discard(method, subject);
        for (int i = 0; i < WarmUp; i++)
            call();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < Calls; i++)
            call();
        return (GC.GetAllocatedBytesForCurrentThread() - before) / (double)Calls;
    }

    private static Action Discard(MethodInfo method, object subject)
    {
        if (method.ReturnType == typeof(int))
        {
            var number = method.CreateDelegate<Func<int>>(subject);
            return () => number();
        }

        throw new InvalidOperationException($"{method.Name} must return void or int.");
    }

    private static string Root()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "FastMlx.sln")))
            folder = Path.GetDirectoryName(folder);
        return folder ?? throw new InvalidOperationException("Run it inside the repository.");
    }
}
