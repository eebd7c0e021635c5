// Bars, which the first page does without until they are asked for.

import { BarChart } from "echarts/charts";
import { use } from "echarts/core";

use([BarChart]);
