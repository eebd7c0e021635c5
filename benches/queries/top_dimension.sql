-- Which ten locations were looked at most in the last 30 days?
select dimensions->>'location' as location, sum(metric_value) as views
from analytics_data_points
where platform = 'business_directory' and metric_name = 'listing_views'
  and recorded_at >= '2025-06-01T00:00:00Z' and recorded_at < '2025-07-01T00:00:00Z'
group by 1
order by views desc
limit 10
