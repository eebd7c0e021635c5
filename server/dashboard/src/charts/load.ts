// ECharts, with the parts that the pages use, in a file of its own that comes
// when the first chart is drawn. Bars come when the first of them are.

import { LineChart } from "echarts/charts";
import { GridComponent, TooltipComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";

use([LineChart, GridComponent, TooltipComponent, CanvasRenderer]);

export { init };
export type { EChartsType } from "echarts/core";
