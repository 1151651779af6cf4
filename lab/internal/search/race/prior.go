package race

// What is supposed before the first trial. Each of these is soon outweighed by the trials but for
// the last three, which are rules.
const (
	// DefaultNoise is the standard deviation of the log goodput of a cell that meets the SLO, from
	// trial to trial of a block, where no earlier run has told it.
	DefaultNoise = 0.06
	// noiseWorth is how many degrees of freedom the noise of earlier runs is worth: no more than
	// two blocks of a run have, so that a wrong one is soon put right.
	noiseWorth = 6
	// cellWorth is d0 of the moderated variance (Smyth 2004, Statistical Applications in Genetics
	// and Molecular Biology 3, §3): how much alike the cells' variances are. 8 is a standard
	// deviation of 25% from cell to cell.
	cellWorth = 8
	// blockNoise is the standard deviation of the blocks' effects on log goodput.
	blockNoise = 0.3
	// countNoise is the standard deviation of the log of a share of failed or slow requests, from
	// trial to trial.
	countNoise = 0.5

	// alpha is how likely the best cell may be outside of the set. Replays cover more rarely than
	// the model says, so it is half of 5%.
	alpha = 0.025
	// draws of the posterior; the standard error of alpha is 0.5%.
	draws = 1000
	// minTrials is the fewest trials of a cell for any answer but "few trials" and those by which
	// it is excluded.
	minTrials = 3
	// minPicks is the fewest cells of a block, the control aside.
	minPicks = 4
	// sure is how likely the recommended cell should be within the margin of the best.
	sure = 0.95
	// beyondDoubt, in standard errors: a cell that misses the SLO by so much is not drawn.
	beyondDoubt = 4
)
