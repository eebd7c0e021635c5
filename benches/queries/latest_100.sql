-- What came in last?
select recorded_at, platform, metric_name, metric_value, dimensions
from analytics_data_points
order by recorded_at desc
limit 100
