using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace FastMlx.Chat.Templates;

/// <summary>What is left of one rendering's limits. One thread.</summary>
internal sealed class Budget(TemplateLimits limits, TimeProvider time)
{
    private const int OpsBetweenClockReadings = 8192;

    private readonly long _started = time.GetTimestamp();
    private long _fuel = limits.FuelOps;
    private long _nextClockReading = limits.FuelOps - OpsBetweenClockReadings;
    private int _calls;
    private int _nesting;

    public TemplateLimits Limits => limits;

    public void Charge(long ops = 1)
    {
        _fuel -= ops;
        if (_fuel < _nextClockReading)
            Check();
    }

    /// <summary>Charges a new string of so many characters that makes a text of total length.</summary>
    public void ChargeText(long length, long total)
    {
        if (total > limits.OutputChars)
            ThrowText();
        Charge(1 + length / 32);
    }

    public void EnterCall()
    {
        if (++_calls > limits.CallDepth || !RuntimeHelpers.TryEnsureSufficientExecutionStack())
            ThrowRecursion();
    }

    public void LeaveCall() => _calls--;

    /// <summary>For walks over data (repr, tojson, comparison), whose depth is the data's.</summary>
    public void EnterData()
    {
        if (++_nesting > 4 * limits.NestingDepth || !RuntimeHelpers.TryEnsureSufficientExecutionStack())
            ThrowRecursion();
    }

    public void LeaveData() => _nesting--;

    private void Check()
    {
        if (_fuel < 0)
            throw TemplateException.Limit($"the template used more than {limits.FuelOps} steps");
        _nextClockReading = _fuel - OpsBetweenClockReadings;
        // A loaded machine lets little work take long; that is no fault of the template's.
        TimeSpan elapsed = time.GetElapsedTime(_started);
        bool didMuch = _fuel < limits.FuelOps - limits.FuelOps / 10;
        if (elapsed > limits.Time && (didMuch || elapsed > 10 * limits.Time))
            throw TemplateException.Limit($"the template ran longer than {limits.Time.TotalSeconds} s");
    }

    [DoesNotReturn]
    private void ThrowText() =>
        throw TemplateException.Limit($"the template made a text of more than {limits.OutputChars} characters");

    [DoesNotReturn]
    private static void ThrowRecursion() =>
        throw new TemplateException(TemplateErrorKind.Recursion, "maximum recursion depth exceeded");
}
