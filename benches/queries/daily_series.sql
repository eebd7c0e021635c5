-- How did each day of the year do, per metric, from raw points?
select platform, metric_name, date_trunc('day', recorded_at) as day, sum(metric_value) as total
from analytics_data_points
group by 1, 2, 3
order by 1, 2, 3
