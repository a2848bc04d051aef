"""gatebench: which recurrent cell should I use, an LSTM or a GRU? Answered with evidence."""

__version__ = "0.1.0"
