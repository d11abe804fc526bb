namespace FastMlx.Chat.Tokenization;

/// <summary>The best way to each position of a piece. Reused; holds one piece at a time.</summary>
internal sealed class BestPath
{
    private Step[] _steps = new Step[64];
    private readonly List<(int Start, int End)> _trace = [];

    public void Begin(int length)
    {
        if (_steps.Length <= length)
            _steps = new Step[length * 2];
        Array.Fill(_steps, new Step { From = -1 }, 0, length + 1);
    }

    public double ScoreAt(int position) => _steps[position].Score;

    public bool Improves(int to, double score) => _steps[to].From < 0 || score > _steps[to].Score;

    public void Offer(int from, int to, int id, double score)
    {
        if (Improves(to, score))
            _steps[to] = new Step { From = from, Id = id, Score = score };
    }

    /// <summary>The steps of the best way, last first; neighbouring unknown ones are one step.</summary>
    public List<(int Start, int End)> Trace(int length, int unknown)
    {
        _trace.Clear();
        bool unknownBefore = false;
        for (int end = length; end > 0; end = _steps[end].From)
        {
            bool isUnknown = _steps[end].Id == unknown;
            if (isUnknown && unknownBefore)
                _trace[^1] = (_steps[end].From, _trace[^1].End);
            else
                _trace.Add((_steps[end].From, end));
            unknownBefore = isUnknown;
        }
        return _trace;
    }

    private struct Step
    {
        public int From;
        public int Id;
        public double Score;
    }
}
