"""Face recognisers behind one protocol: networks that embed a face, and feature matching."""
