//! Platform events become data points, as the registry says.
