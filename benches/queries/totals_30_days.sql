-- What do the last 30 days add up to, per metric, from raw points?
select platform, metric_type, metric_name, count(*) as points, sum(metric_value) as total
from analytics_data_points
where recorded_at >= '2025-06-01T00:00:00Z' and recorded_at < '2025-07-01T00:00:00Z'
group by 1, 2, 3
order by 1, 2, 3
